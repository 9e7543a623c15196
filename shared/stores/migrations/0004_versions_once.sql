-- A version is given once: an entry that was deleted and made anew is not taken for the one before.
create sequence stores.entry_versions;
select setval('stores.entry_versions', (select coalesce(max(version), 0) + 1 from stores.entries));
alter table stores.entries alter column version set default nextval('stores.entry_versions');
