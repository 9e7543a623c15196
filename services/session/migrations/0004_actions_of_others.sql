-- What other services may ask for, and what they have asked for (DESIGN §4).

create table session.publishers (
    publisher  text not null,              -- user of the broker, or the name an API key publishes under
    interview  text not null,              -- reference; * stands for anything
    action     text not null,              -- name of an action; * stands for anything
    created_at timestamptz not null,
    primary key (publisher, interview, action)
);

create table session.actions (
    sequence       bigint generated always as identity primary key,  -- the order in which they run
    publisher      text not null,
    request_id     text not null,          -- the same twice is one request
    session_id     uuid not null,          -- no foreign key: there may be no such session
    interview      text not null,
    action         text not null,
    asked_sealed   bytea,                  -- session's code and arguments under the server key; null once it has ended
    reply_to       text not null default '',
    correlation_id text not null default '',
    lease_owner    text,                   -- which process runs it
    lease_until    timestamptz,
    attempts       integer not null default 0,
    status         text check (status in ('done', 'failed', 'missing', 'refused')),
    detail         text not null default '',
    received_at    timestamptz not null,
    ended_at       timestamptz,
    unique (publisher, request_id)
);
create index actions_waiting on session.actions (session_id, sequence) where ended_at is null;
create index actions_age on session.actions (ended_at) where ended_at is not null;
