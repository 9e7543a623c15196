-- Public keys of those who take part: who turns sharing off wraps the new data key for the others with them.
create table session.public_keys (
    session_id uuid not null references session.sessions on delete cascade,
    holder     text not null,              -- cookie:<id>, user:<id>
    sealed     bytea not null,             -- under the data key: only who opens the session can put one here
    primary key (session_id, holder)
);
