-- Who takes part in a session: a person's list, and who is left when one goes (spec/area2 §2.9, §2.10).
create table session.attachments (
    session_id uuid not null references session.sessions on delete cascade,
    user_id    text not null,              -- the number of an account, or t<number> of a browser
    started_at timestamptz not null,       -- of the session: lists are in this order
    primary key (session_id, user_id)
);
create index attachments_of_user on session.attachments (user_id, started_at desc, session_id desc);

-- Whoever has a wrap of their own takes part already.
insert into session.attachments (session_id, user_id, started_at)
select distinct s.id, split_part(substr(w.holder, 6), '.', 1), s.created_at
from session.wraps w join session.sessions s on s.id = w.session_id where w.holder like 'user:%';
