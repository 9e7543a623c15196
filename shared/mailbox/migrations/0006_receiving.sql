-- Addresses that lead into sessions, and the mail that came for them. Nothing has been written to the first table yet.
drop table mailbox.addresses;

create table mailbox.addresses (
    local_part     text primary key,       -- what stands before the @; never given away again
    session_id     uuid not null,
    interview      text not null,
    owner          text not null,          -- the_user_id of who asked for it
    facts_sealed   bytea not null,         -- key and index as given to interview_email(), under the session's data key
    public_key     bytea not null,         -- whatever comes is closed for it: the server cannot open it by itself
    private_sealed bytea not null,         -- and this opens it; under the session's data key
    created_at     timestamptz not null,
    retired_at     timestamptz             -- its session is gone: mail to it is refused
);
create index addresses_of_session on mailbox.addresses (session_id);

create table mailbox.mails (
    id             uuid primary key,
    local_part     text not null references mailbox.addresses on delete cascade,
    session_id     uuid not null,
    digest         bytea not null,         -- of what it says, under a key of the server: the same again is kept once
    state          text not null check (state in ('received', 'quarantined')),
    reason         text not null default '',  -- why it is in quarantine: a word, never a part of the mail
    size_bytes     bigint not null,
    received_at    timestamptz not null,
    contents_box   bytea not null,         -- what it says, and how its files are opened
    raw_location   text not null,          -- the whole of it, in the store of contents
    part_locations text[] not null,        -- its parts, until they are files of the session
    action         text not null default 'waiting'
                   check (action in ('waiting', 'running', 'done', 'kept', 'failed')),
    task_id        uuid,                   -- the background action that was launched for it
    unique (local_part, digest)
);
create index mails_of_session on mailbox.mails (session_id, received_at);
create index mails_to_do on mailbox.mails (session_id, received_at, id) where action in ('waiting', 'running');
create index mails_in_quarantine on mailbox.mails (received_at) where state = 'quarantined';
create unique index one_mail_at_a_time on mailbox.mails (session_id) where action = 'running';

-- A mail that a session has sent and that comes back to it is known by its number.
create index sendings_by_message on mailbox.sendings (message_id);
