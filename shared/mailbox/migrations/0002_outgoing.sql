-- Mail that is to go out. What it says is sealed, and forgotten once it was sent.
create table mailbox.outgoing (
    id             uuid primary key,
    kind           text not null,          -- what it is about: account
    state          text not null default 'queued',  -- queued, sent, failed, kept (no server to send it through)
    content_sealed bytea,
    created_at     timestamptz not null,
    changed_at     timestamptz not null
);
create index outgoing_age on mailbox.outgoing (created_at);
