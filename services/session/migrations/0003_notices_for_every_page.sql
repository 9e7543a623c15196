-- A notice that one page has carried out stays for the other pages of the same person, until they have asked, too.
alter table session.notices add column acknowledged_at timestamptz;
create index notices_done on session.notices (acknowledged_at) where acknowledged_at is not null;
