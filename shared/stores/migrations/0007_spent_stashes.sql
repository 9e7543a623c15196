-- Stashes that were opened for the last time: one whose row somebody puts back stays closed.
create table stores.spent_stashes (
    key_hash bytea primary key,
    ends_at  timestamptz not null
);
create index spent_stashes_ended on stores.spent_stashes (ends_at);
