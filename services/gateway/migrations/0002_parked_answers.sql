-- Raw answers of runs that a script asked for: the browser fetches them by an address of their own.

create table gateway.parked_answers (
    code_hash     bytea primary key,         -- SHA-256 of the code in the address
    browser       bigint not null references gateway.browser_sessions (number) on delete cascade,
    answer_sealed bytea not null,            -- may hold answers of the session
    ends_at       timestamptz not null
);
create index parked_answers_ended on gateway.parked_answers (ends_at);
create index parked_answers_browser on gateway.parked_answers (browser);
