-- Whom other systems' owners want told of what happens in sessions, and what is still to be told.
create table mailbox.webhooks (
    id            uuid primary key,
    account_id    bigint not null,          -- whose it is
    target_sealed bytea not null,           -- address and signing secret
    events        text[] not null,
    interview     text not null,            -- reference; * stands for anything
    created_at    timestamptz not null
);

create table mailbox.webhook_deliveries (
    id         uuid primary key,            -- the receiver sees it: the same twice is one event
    webhook_id uuid not null references mailbox.webhooks on delete cascade,
    event      text not null,
    body       text not null,               -- ids, states and times: never an answer or the code of a session
    state      text not null default 'queued' check (state in ('queued', 'sent', 'failed')),
    attempts   integer not null default 0,
    due_at     timestamptz,                 -- null once it was sent or given up
    status     integer,                     -- what the receiver said last
    problem    text not null default '',
    created_at timestamptz not null,
    changed_at timestamptz not null
);
create index webhook_deliveries_due on mailbox.webhook_deliveries (due_at) where due_at is not null;
create index webhook_deliveries_log on mailbox.webhook_deliveries (webhook_id, created_at desc);
create index webhook_deliveries_age on mailbox.webhook_deliveries (changed_at) where due_at is null;
