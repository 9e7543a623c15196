-- The ledger: what became of each message that was to be delivered.
create table mail.deliveries (
    id         uuid primary key,
    session_id uuid,
    state      text not null,              -- queued, sent, failed
    attempts   integer not null default 0,
    detail     text not null default '',
    changed_at timestamptz not null
);
create index deliveries_of_session on mail.deliveries (session_id);
