-- Files that come with text messages lie with whoever delivers those: they are fetched before the action runs.
alter table mailbox.mails add column media_box bytea;  -- what has become of them; closed as the contents are
alter table mailbox.mails drop constraint mails_action_check;
alter table mailbox.mails add constraint mails_action_check
    check (action in ('fetching', 'waiting', 'running', 'closed', 'done', 'kept', 'failed'));
drop index mailbox.mails_to_do;
create index mails_to_do on mailbox.mails (session_id, received_at, id)
    where action in ('fetching', 'waiting', 'running', 'closed');
create table mailbox.media_to_fetch (
    mail_id      uuid primary key references mailbox.mails on delete cascade,
    asked_sealed bytea not null,              -- our number, and the addresses; only until they are fetched
    attempts     integer not null default 0,  -- how often the provider has not answered
    due_at       timestamptz not null         -- and until then whoever fetches them has them to itself
);
create index media_to_fetch_due on mailbox.media_to_fetch (due_at);

-- Of what has failed: whoever it was for wants no more, and nobody need try again.
alter table mailbox.sendings add column is_unwanted boolean not null default false;
