-- Writes through the API that carried an Idempotency-Key: the same again gets the first answer.
create table gateway.api_calls (
    call_hash     bytea primary key,       -- SHA-256 of the API key and the Idempotency-Key
    request_hash  bytea not null,          -- SHA-256 of what was asked: a key belongs to one request
    status        integer,                 -- null while the first is under way
    answer_sealed bytea,
    began_at      timestamptz not null
);
create index api_calls_age on gateway.api_calls (began_at);
