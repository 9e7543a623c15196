-- What the operator was told by mail of lines at which interviews fail, and when the last such mail was written.
alter table session.errors
    add column told_at     timestamptz,
    add column told_number bigint not null default 0;
create table session.error_mails (
    is_only boolean primary key default true check (is_only),
    sent_at timestamptz not null
);
