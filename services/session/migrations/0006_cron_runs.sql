-- The index of sessions that take part in cron. Which of them a fire concerns depends on their interview as it is then.
create index sessions_allowing_cron on session.sessions (interview, id) where allow_cron;

-- One row a session and fire: planned when the sweep comes by, ended by the run.
create table session.cron_runs (
    fire_id       uuid not null,
    session_id    uuid not null,
    is_background boolean not null,
    cron_type     text not null,
    interview     text not null,
    status        text not null default 'waiting'
        check (status in ('waiting', 'done', 'skipped', 'failed', 'refused', 'missing', 'lost')),
    planned_at    timestamptz not null,
    started_at    timestamptz,
    seconds       double precision,
    report_sealed bytea,
    primary key (fire_id, session_id, is_background)
);
-- Fires of one type that overlap are one for a session that has not been visited yet.
create unique index cron_runs_waiting on session.cron_runs (session_id, cron_type, is_background)
    where status = 'waiting';
create index cron_runs_by_time on session.cron_runs (planned_at);
