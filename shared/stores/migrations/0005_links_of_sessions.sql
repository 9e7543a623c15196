-- Which session a link leads to: with the session the link goes.
alter table stores.links add column session_id uuid;
create index links_of_session on stores.links (session_id) where session_id is not null;
