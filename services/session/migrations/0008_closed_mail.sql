-- Whether mail has come that waits for somebody with a key of the session.
alter table session.sessions add column has_closed_mail boolean not null default false;
