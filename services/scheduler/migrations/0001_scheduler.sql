-- One row a timer: one due moment of one session.
create table scheduler.timers (
    id               uuid primary key,
    session_id       uuid not null,
    action           text not null,
    arguments_sealed bytea not null,
    due_at           timestamptz not null,
    repeat           text not null default '',
    created_at       timestamptz not null
);
create index timers_due on scheduler.timers (due_at);
create index timers_of_session on scheduler.timers (session_id);
