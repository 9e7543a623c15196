-- Timers that rang and did nothing: nobody had the key of the session, or its code raised an error. No arguments, no texts.
create table session.timer_troubles (
    operation_id text primary key,
    session_id   uuid not null references session.sessions on delete cascade,
    action       text not null,
    status       text not null check (status in ('refused', 'failed')),
    at           timestamptz not null
);
create index timer_troubles_age on session.timer_troubles (at);
create index timer_troubles_of_session on session.timer_troubles (session_id);
