-- One row a file; `id` is the file number interviews see. Contents are elsewhere, sealed.
create table files.files (
    id            bigint generated always as identity primary key,
    session_id    uuid,
    interview     text not null default '',
    name_sealed   bytea not null,          -- the name somebody gave it, under the session's data key
    mimetype      text not null,
    size_bytes    bigint not null,
    is_private    boolean not null default true,
    is_persistent boolean not null default false,
    location      text not null,           -- key in the content store
    created_at    timestamptz not null
);
create index files_of_session on files.files (session_id);
