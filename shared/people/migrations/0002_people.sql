-- What belongs to a person besides address and password, and what opens what is theirs.
alter table people.accounts drop constraint accounts_email_key;
alter table people.accounts
    add column email_key           text,                          -- the address in small letters: how it is found
    add column first_name          text not null default '',
    add column last_name           text not null default '',
    add column country             text not null default '',
    add column subdivision_first   text not null default '',
    add column subdivision_second  text not null default '',
    add column subdivision_third   text not null default '',
    add column organization        text not null default '',
    add column timezone            text not null default '',
    add column language            text not null default '',
    add column login_method        text not null default 'local', -- or the name of the provider it came from
    add column key_number          integer not null default 1,    -- a lost user key is followed by one of another number
    add column key_salt            bytea,
    add column key_wrapped         bytea,                         -- the user's key under a key made of the password
    add column key_sealed          bytea,                         -- or under the server's, for one without a password
    add column epoch               integer not null default 1,    -- sign-ins of an older one are over
    add column totp_sealed         bytea,                         -- the secret of the second factor
    add column totp_step           bigint not null default 0,     -- the last time step whose code was used
    add column last_login_at       timestamptz,
    add column password_changed_at timestamptz;
update people.accounts set email_key = lower(email);
create unique index accounts_email_key on people.accounts (email_key);

-- Privileges that can be given. Those of the house cannot be removed.
create table people.privileges (
    name        text primary key,
    is_builtin  boolean not null default false,
    permissions text[] not null default '{}'
);
insert into people.privileges (name, is_builtin, permissions) values
    ('user', true, '{}'), ('admin', true, '{}'), ('cron', true, '{}'), ('customer', true, '{}'),
    ('developer', true, '{demo_interviews,template_parse,interview_data}'),
    ('advocate', true, '{access_user_info,access_sessions,edit_sessions}'), ('trainer', true, '{}');

-- Links that were mailed: each opens once, and only for what it was made for.
create table people.tokens (
    token_hash  bytea primary key,         -- SHA-256: the table alone opens nothing
    purpose     text not null,
    account_id  bigint references people.accounts on delete cascade,
    data_sealed bytea not null,
    expires_at  timestamptz not null
);
create index tokens_expiring on people.tokens (expires_at);
create index tokens_of_account on people.tokens (account_id);

-- Single-use codes for who has lost the second factor.
create table people.recovery_codes (
    account_id bigint not null references people.accounts on delete cascade,
    code_hash  bytea not null,
    primary key (account_id, code_hash)
);

-- Who somebody is elsewhere.
create table people.identities (
    provider   text not null,
    subject    text not null,
    account_id bigint not null references people.accounts on delete cascade,
    primary key (provider, subject)
);
create index identities_of_account on people.identities (account_id);

-- Attempts to sign in that failed or are under way, by a hash of what is counted.
create table people.attempts (
    key_hash     bytea primary key,
    failures     integer not null,
    first_at     timestamptz not null,
    locked_until timestamptz
);
create index attempts_age on people.attempts (first_at);

-- Devices on which somebody has signed in before: what strangers try does not lock them out.
create table people.known_devices (
    account_id  bigint not null references people.accounts on delete cascade,
    device_hash bytea not null,
    seen_at     timestamptz not null,
    primary key (account_id, device_hash)
);
