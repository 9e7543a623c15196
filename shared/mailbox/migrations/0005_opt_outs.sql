-- Who is reminded by a session, and whether they have said that they want no more of it.
create table mailbox.opt_outs (
    code_hash      bytea primary key,      -- of the code in the link that goes with every reminder
    session_id     uuid not null,
    address_sealed bytea not null,         -- address and code
    created_at     timestamptz not null,
    out_at         timestamptz             -- null: they have said nothing
);
create index opt_outs_of_session on mailbox.opt_outs (session_id);
