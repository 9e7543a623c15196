-- Why it is told nothing any more: whoever made it may not see sessions. Null: it is told.
alter table mailbox.webhooks add column off_reason text;
