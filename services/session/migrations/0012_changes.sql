-- Who set which variables: a row for each run that changed some. Names and people are under the server's key; values are
-- not here at all.
create table session.changes (
    session_id  uuid not null references session.sessions on delete cascade,
    version     bigint not null,           -- of the session, with which it was saved
    place       integer not null default 0,  -- among the runs that were saved together
    step        integer not null,
    saved_at    timestamptz not null,
    cause       text not null,
    note_sealed bytea not null,
    primary key (session_id, version, place)
);
create index changes_age on session.changes (saved_at);

-- Who has looked at that record. It outlives the session.
create table session.looks (
    id          uuid primary key,
    session_id  uuid not null,
    looked_at   timestamptz not null,
    account     bigint not null,
    look_sealed bytea not null             -- the name that was looked for, and whether its value was shown
);
create index looks_of_session on session.looks (session_id, looked_at desc);
create index looks_age on session.looks (looked_at);
