-- When each cron type of the timetable is due next. A fire is claimed by moving this on.
create table scheduler.timetable (
    cron_type  text primary key,
    rule       text not null,
    next_due   timestamptz not null
);

-- One row a fire: one due moment of a cron type.
create table scheduler.fires (
    id         uuid primary key,
    cron_type  text not null,
    due_at     timestamptz not null,
    fired_at   timestamptz not null,
    origin     text not null check (origin in ('timetable', 'operator'))
);
create unique index fires_once on scheduler.fires (cron_type, due_at) where origin = 'timetable';
create index fires_by_time on scheduler.fires (fired_at desc);

-- A timer that was cancelled, or has run for the last time, is remembered for a while: a message about it that comes
-- again, or too late, must not bring it back.
alter table scheduler.timers add column state text not null default 'waiting'
    check (state in ('waiting', 'ended', 'cancelled'));
alter table scheduler.timers add column ended_at timestamptz;
alter table scheduler.timers add column fired bigint not null default 0;
drop index scheduler.timers_due;
create index timers_due on scheduler.timers (due_at) where state = 'waiting';
create index timers_over on scheduler.timers (ended_at) where state <> 'waiting';
