-- Named values outside any one session, by scope (user, interview, session, global) and key.
create table stores.entries (
    id           bigint generated always as identity primary key,
    scope        text not null,
    key          text not null,
    value_sealed bytea not null,
    modified_at  timestamptz not null,
    unique (scope, key)
);
