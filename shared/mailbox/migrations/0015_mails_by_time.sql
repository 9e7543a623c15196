-- The console counts what has come within a day, also where mail is kept for years.
create index mails_age on mailbox.mails (received_at);
