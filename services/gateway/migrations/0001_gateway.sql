-- Browser sessions: who a browser is to us, and which session of each interview it is in.

create table gateway.browser_sessions (
    id_hash     bytea primary key,           -- SHA-256 of the id in the cookie: the table alone opens nothing
    number      bigint generated always as identity unique,  -- the visitor is `t<number>` to interviews
    data_sealed bytea not null,
    created_at  timestamptz not null,
    seen_at     timestamptz not null         -- to the hour
);
create index browser_sessions_seen on gateway.browser_sessions (seen_at);

create table gateway.current_sessions (
    browser     bigint not null references gateway.browser_sessions (number) on delete cascade,
    interview   text not null,
    code_sealed bytea not null,              -- the session's code is a capability
    used_at     timestamptz not null,
    primary key (browser, interview)
);
