-- Accounts. A password is an Argon2id hash; an account without one signs in elsewhere.
create table people.accounts (
    id            bigint generated always as identity primary key,
    email         text unique,
    password_hash text,
    is_active     boolean not null default true,
    privileges    text[] not null default '{user}',
    created_at    timestamptz not null
);
