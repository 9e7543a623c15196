-- Addresses that lead into sessions.
create table mailbox.addresses (
    local_part text primary key,           -- what stands before the @
    session_id uuid not null,
    key        text,                       -- as given to interview_email()
    item       integer,
    owner      text not null,              -- the_user_id of who asked for it
    created_at timestamptz not null
);
create index addresses_of_session on mailbox.addresses (session_id);
