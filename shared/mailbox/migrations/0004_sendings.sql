-- What interviews have sent while they ran: a run that is done again finds here what became of it the first time.
create table mailbox.sendings (
    run_id        text not null,           -- the session and its operation, or the task
    errand_hash   bytea not null,          -- of recipients and subject, under a key
    repetition    integer not null,        -- the first, second, … of this kind in the run
    message_id    uuid not null,           -- the same when it is tried again
    session_id    uuid not null,
    kind          text not null,           -- mail, text
    state         text not null default 'sending' check (state in ('sending', 'sent', 'failed')),
    claimed_until timestamptz not null,    -- until then somebody is at it
    created_at    timestamptz not null,
    primary key (run_id, errand_hash, repetition)
);
create index sendings_of_session on mailbox.sendings (session_id, created_at);
create index sendings_age on mailbox.sendings (created_at);
