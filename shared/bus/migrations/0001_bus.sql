-- What the bus keeps in PostgreSQL: messages to be published, messages handled, large bodies, dead letters.

create table bus.outbox (
    position    bigint generated always as identity primary key,
    id          text not null,             -- of the message
    type        text not null,
    destination text not null,             -- queue of a command, topic of an event
    is_event    boolean not null,
    subject     text not null default '',  -- order is kept among equal subject and destination
    body        bytea not null,            -- CloudEvents JSON, sealed where it must be
    created_at  timestamptz not null default now(),
    not_before  timestamptz not null default now(),
    attempts    integer not null default 0,
    claimed_by  integer                    -- number of the relay that has it in hand
);
create index outbox_order on bus.outbox (destination, subject, position);

-- A relay holds the advisory lock (RELAYS, number) as long as it lives; the claims of a dead one are void.
create sequence bus.relay_numbers as integer cycle;

create function bus.claim_outbox(relay integer, relays integer, batch integer, looks_for_dead boolean)
returns table (
    "position" bigint, id text, type text, destination text, is_event boolean, subject text, body bytea,
    attempts integer
)
language plpgsql as $$
#variable_conflict use_column
begin
    -- One claim at a time, each seeing what the one before took: otherwise two relays could split a subject's messages.
    perform pg_advisory_xact_lock(relays, 0);
    if looks_for_dead then
        update bus.outbox set claimed_by = null
        where claimed_by is not null and claimed_by <> relay and claimed_by not in (
            select objid::bigint::integer from pg_locks
            where locktype = 'advisory' and classid::bigint = relays and objsubid = 2 and granted
              and database = (select oid from pg_database where datname = current_database())
        );
    end if;
    return query
    with chosen as materialized (  -- once: a sub-select with a limit could be run again for every row
        select candidate.position from bus.outbox candidate
        where candidate.claimed_by is null and candidate.not_before <= now()
          and (candidate.subject = '' or not exists (
              select 1 from bus.outbox earlier
              where earlier.destination = candidate.destination and earlier.subject = candidate.subject
                and earlier.position < candidate.position
                and (earlier.claimed_by <> relay or (earlier.claimed_by is null and earlier.not_before > now()))
          ))
        order by candidate.position
        limit batch
        for update skip locked
    )
    update bus.outbox claimed set claimed_by = relay
    from chosen where claimed.position = chosen.position
    returning claimed.position, claimed.id, claimed.type, claimed.destination, claimed.is_event, claimed.subject,
        claimed.body, claimed.attempts;
end
$$;

create table bus.inbox (
    consumer   text not null,
    message_id text not null,
    handled_at timestamptz not null default now(),
    primary key (consumer, message_id)
);
create index inbox_age on bus.inbox (handled_at);

create table bus.blobs (
    reference  text primary key,
    body       bytea not null,             -- sealed by the codec
    expires_at timestamptz not null
);
alter table bus.blobs alter column body set storage external;  -- sealed bytes do not compress
create index blobs_age on bus.blobs (expires_at);

create table bus.dead_letters (
    number     bigint generated always as identity primary key,
    queue      text not null,
    type       text not null,
    message_id text not null,
    subject    text not null default '',
    reason     text not null,
    attempts   integer not null,
    body       bytea not null,
    died_at    timestamptz not null
);
