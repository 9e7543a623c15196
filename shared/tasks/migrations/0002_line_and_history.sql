-- What decides who runs next, what an author allows a task, and what operators see of its way.
alter table tasks.tasks
    add column interview          text not null default '',     -- reference, e.g. `package:data/questions/file.yml`
    add column turn_at            timestamptz not null default now(),   -- its place in the line; see store.py
    add column time_limit_seconds double precision,             -- asked for by the author; null: the server's
    add column is_idempotent      boolean not null default false,       -- may be run again after it had begun
    add column history            jsonb not null default '[]';  -- [{"at", "what", "claim"}], oldest first

alter table tasks.tasks drop constraint tasks_reason_check;
alter table tasks.tasks add constraint tasks_reason_check check (reason in ('worker_lost', 'key_lost', 'revoked'));

create index tasks_in_line on tasks.tasks (is_low_priority, turn_at) where state = 'pending';
create index tasks_in_line_of_session on tasks.tasks (session_id, turn_at) where state = 'pending';

-- Written wherever a row is changed from, so that no way through the code can forget it. Bounded: a task that goes
-- round and round keeps the beginning of its story.
create function tasks.note_history() returns trigger language plpgsql as $$
declare
    what text;
begin
    if tg_op = 'INSERT' then
        what := 'queued';
    elsif new.state is distinct from old.state or new.fencing <> old.fencing then
        what := case
            when new.state = 'running' then 'leased'
            when new.state = 'pending' and new.rings > old.rings then 'taken from a lost worker'
            when new.state = 'pending' then 'handed back'
            when new.state = 'responding' and new.reason = 'worker_lost' then 'lost'
            when new.state = 'responding' and new.reason = 'revoked' then 'revoked by an operator'
            when new.state = 'responding' then 'reported'
            else new.state
        end;
    elsif new.begun_at is distinct from old.begun_at and new.begun_at is not null then
        what := 'begun';
    elsif new.rings > old.rings then
        what := 'rung again';
    end if;
    if what is not null and jsonb_array_length(new.history) < 100 then
        new.history := new.history || jsonb_build_object('at', clock_timestamp(), 'what', what, 'claim', new.fencing);
    end if;
    return new;
end
$$;

create trigger tasks_history_of_new before insert on tasks.tasks for each row execute function tasks.note_history();
create trigger tasks_history before update on tasks.tasks for each row
    when (old.state is distinct from new.state or old.fencing <> new.fencing or old.rings <> new.rings
          or old.begun_at is distinct from new.begun_at)
    execute function tasks.note_history();
