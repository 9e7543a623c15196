-- Authors find the snapshots of a session by what they know of it: its code.
alter table stores.snapshots add column code text;  -- null for what was kept before; in clear like the data

create or replace view stores.jsonstorage as
    select id, interview as filename, coalesce(code, session_id::text) as key, data, nullif(tags, '') as tags,
           modified_at at time zone 'UTC' as modtime, persistent
    from stores.snapshots;
