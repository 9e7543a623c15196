-- One row a file; `id` is the file number interviews see. Contents are elsewhere, sealed under the file's own key.
create sequence files.numbers as bigint;

create table files.files (
    id            bigint primary key default nextval('files.numbers'),
    session_id    uuid not null,           -- persistent files outlive it
    interview     text not null,
    name_sealed   bytea not null,          -- the name somebody gave it, under the file's key
    mimetype      text not null,
    size_bytes    bigint not null,
    is_private    boolean not null default true,
    is_persistent boolean not null default false,
    grantees      text[] not null default '{}',  -- user:<number>, email:<hash>, privilege:<name>
    location      text not null unique,    -- key in the content store
    key_wrapped   bytea not null,          -- the file's key under the session's data key
    server_wrap   bytea,                   -- and under the server's, while others than the session may open it
    server_key_id text,
    created_at    timestamptz not null,
    modified_at   timestamptz not null
);
create index files_of_session on files.files (session_id);

-- Contents that go away when they are due, unless a commit claims them before.
create table files.leftovers (
    location text primary key,
    due_at   timestamptz not null
);
create index leftovers_due on files.leftovers (due_at);
