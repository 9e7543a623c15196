-- Text messages that come for sessions: a line between a number of ours and somebody's number has an address of its own
-- in every session that expects something from there, with a pair of keys as addresses for mail have. Nobody can write
-- mail to it.
alter table mailbox.addresses add column kind text not null default 'mail' check (kind in ('mail', 'text'));
alter table mailbox.mails add column kind text not null default 'mail' check (kind in ('mail', 'text'));
create unique index texts_once on mailbox.mails (digest) where kind = 'text';  -- whichever session gets it

-- What numbers are hidden with: they are few enough to try them all against an open fingerprint.
create table mailbox.line_key (
    id         boolean primary key default true check (id),  -- there is one row
    key_sealed bytea not null
);
create table mailbox.expected_texts (
    local_part text primary key references mailbox.addresses on delete cascade,
    line_hash  bytea not null,             -- of both numbers, under the key above
    touched_at timestamptz not null,       -- when the session asked, or wrote there, last: the latest gets what comes
    until_at   timestamptz not null
);
create index expected_texts_of_line on mailbox.expected_texts (line_hash, touched_at desc);
create table mailbox.stopped_lines (
    line_hash  bytea primary key,          -- whoever has this number has said STOP to that number of ours
    stopped_at timestamptz not null
);
