-- Sessions and their steps. The worker's read-only snapshot (shared/tasks) reads sessions, steps and wraps.

create table session.sessions (
    id            uuid primary key,
    interview     text not null,
    code_hash     bytea not null,          -- SHA-256 of the 32-character code: the code itself is a capability
    code_sealed   bytea not null,          -- the code under the server key, for links made by background code
    version       bigint not null,         -- compare-and-set: every commit adds one
    steps         integer not null,        -- number of the newest step; 0 before the first commit
    generation    integer not null default 1,  -- which data key later steps are sealed with
    multi_user    boolean not null default false,
    allow_cron    boolean not null default false,
    header_sealed bytea,                   -- title, tags, progress under the data key
    created_at    timestamptz not null,
    modified_at   timestamptz not null,
    unique (code_hash, interview)
);

create table session.steps (
    session_id  uuid not null references session.sessions on delete cascade,
    step        integer not null,
    version     bigint not null,           -- the session's version when this row was last written
    generation  integer not null,          -- data key it is sealed with
    base_step   integer,                   -- key step whose plain bytes are the zstd dictionary; null for a key step
    data        bytea not null,
    saved_at    timestamptz not null,
    primary key (session_id, step)
);
alter table session.steps alter column data set storage external;  -- compressed and sealed already

create table session.wraps (
    session_id  uuid not null references session.sessions on delete cascade,
    holder      text not null,             -- cookie:<id>, user:<id>, server
    generation  integer not null,
    wrapped     bytea not null,
    key_id      text not null default '',  -- server key that wraps it, for holder = server
    expires_at  timestamptz,
    primary key (session_id, holder, generation)
);
create index wraps_expiring on session.wraps (expires_at) where expires_at is not null;

create table session.inbox (
    session_id     uuid not null references session.sessions on delete cascade,
    operation_id   text not null,
    outcome_sealed bytea not null,
    handled_at     timestamptz not null,
    primary key (session_id, operation_id)
);
create index inbox_age on session.inbox (handled_at);

-- How the operation ended that deleted a session: its inbox has gone with it.
create table session.endings (
    session_id     uuid not null,
    operation_id   text not null,
    outcome_sealed bytea not null,         -- under the server's transport key: the session's key is gone
    ended_at       timestamptz not null,
    primary key (session_id, operation_id)
);
create index endings_age on session.endings (ended_at);

create table session.notices (
    id             bigint generated always as identity primary key,
    session_id     uuid not null references session.sessions on delete cascade,
    audience       text not null,          -- the_user_id of who launched the task
    task_id        uuid,
    payload_sealed bytea not null,
    created_at     timestamptz not null
);
create index notices_of_session on session.notices (session_id, audience, id);

create table session.registrations (
    session_id uuid not null references session.sessions on delete cascade,
    cron_type  text not null,
    primary key (cron_type, session_id)
);
