-- Whom scheduled actions run as: an account nobody can sign in to, the only one with the privilege cron.
insert into people.accounts (email, email_key, privileges, is_active, created_at)
select address, address, '{cron}', false, now()
from (values ('cron@admin.com'), ('cron@localhost.invalid')) as usual (address)
where not exists (select 1 from people.accounts where email_key = usual.address)
limit 1;
