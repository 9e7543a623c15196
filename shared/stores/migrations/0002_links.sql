-- Short addresses that lead somewhere for some time, made by interviews and followed by the gateway.

create table stores.links (
    code_hash     bytea primary key,         -- SHA-256 of the code in the address: the table alone opens nothing
    target_sealed bytea not null,            -- where it leads; often holds the code of a session
    is_once       boolean not null,          -- gone with its first visit
    ends_at       timestamptz not null
);
create index links_ended on stores.links (ends_at);
