-- Mail for a session whose key was not at hand: its action runs when somebody opens the session.
alter table mailbox.mails drop constraint mails_action_check;
alter table mailbox.mails add constraint mails_action_check
    check (action in ('waiting', 'running', 'closed', 'done', 'kept', 'failed'));
drop index mailbox.mails_to_do;
create index mails_to_do on mailbox.mails (session_id, received_at, id) where action in ('waiting', 'running', 'closed');
