-- Keys with which programs act for an account.
create table people.api_keys (
    key_hash     bytea primary key,        -- SHA-256: the key has 32 random letters, and is shown once
    account_id   bigint not null references people.accounts on delete cascade,
    name         text not null,
    last_four    text not null,
    method       text not null default 'none' check (method in ('ip', 'referer', 'none')),
    allowed      text[] not null default '{}',   -- addresses or patterns of referers; empty: from everywhere
    permissions  text[] not null default '{}',   -- empty: whatever the account may
    publisher    text not null default '',       -- under which name it asks for actions of sessions; only set by operators
    created_at   timestamptz not null,
    last_used_at timestamptz,
    unique (account_id, name)
);
