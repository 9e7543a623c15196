-- Background actions. Sealed columns are under the data key of the session, bound to session, task and column.
create table tasks.tasks (
    id               uuid primary key,
    session_id       uuid not null,           -- no foreign key: a task may be committed before its session is
    action           text not null,
    arguments_sealed bytea not null,          -- pickle
    visitor_sealed   bytea not null,          -- who launched it, and from where
    audience         text not null,           -- the_user_id of who launched it: whose notices its end makes
    mode             text,                    -- flash, refresh, javascript, fields; null tells the browser nothing
    language         text not null default '',
    is_low_priority  boolean not null default false,
    state            text not null default 'pending'
        check (state in ('pending', 'running', 'responding', 'succeeded', 'failed', 'revoked')),
    fencing          bigint not null default 0,   -- how often it was claimed; only the newest claim may report
    lease_owner      text,
    begun_at         timestamptz,             -- the interview's code has begun to run under the present claim
    due_at           timestamptz,             -- when somebody must look after it: end of the lease, or ring again
    rings            integer not null default 0,
    outcome_sealed   bytea,                   -- JSON: how the first phase ended
    followup_sealed  bytea,                   -- pickle: arguments of the response or error action
    payload_sealed   bytea,                   -- pickle: the value of .get()
    failure_sealed   bytea,                   -- JSON
    reason           text check (reason in ('worker_lost', 'key_lost')),   -- a failure only the server knows of
    launched_at      timestamptz not null,
    ended_at         timestamptz
);
create index tasks_of_session on tasks.tasks (session_id, launched_at);
create index tasks_due on tasks.tasks (due_at) where due_at is not null;

-- The data keys of the session, wrapped under the server key for one task until it ends.
create table tasks.grants (
    task_id    uuid not null references tasks.tasks on delete cascade,
    generation integer not null,
    wrapped    bytea not null,
    key_id     text not null,
    primary key (task_id, generation)
);
