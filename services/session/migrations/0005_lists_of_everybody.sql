-- Those who look after all sessions see them a page at a time.
create index sessions_started on session.sessions (created_at desc, id desc);
