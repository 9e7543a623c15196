-- Which version of the answers holds what a task's response or error action saved: for who has loaded an earlier one, the
-- task still runs. Null when it saved nothing.
alter table tasks.tasks add column ended_version bigint;

-- A session's tasks are looked at around one of them, and operators list all of them, newest first.
create index tasks_of_session_in_order on tasks.tasks (session_id, launched_at, id);
drop index tasks.tasks_of_session;
create index tasks_in_order on tasks.tasks (launched_at, id);

-- Its progress is part of a task's story: every tenth of the way, and no more than leaves room for its end.
create or replace function tasks.note_history() returns trigger language plpgsql as $$
declare
    what text;
    most integer := 100;
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
    else
        what := 'progress ' || floor(new.progress * 10) * 10 || ' %';
        most := 60;
    end if;
    if what is not null and jsonb_array_length(new.history) < most then
        new.history := new.history || jsonb_build_object('at', clock_timestamp(), 'what', what, 'claim', new.fencing);
    end if;
    return new;
end
$$;

drop trigger tasks_history on tasks.tasks;
create trigger tasks_history before update on tasks.tasks for each row
    when (old.state is distinct from new.state or old.fencing <> new.fencing or old.rings <> new.rings
          or old.begun_at is distinct from new.begun_at
          or (new.state = 'running' and floor(new.progress * 10) is distinct from floor(old.progress * 10)))
    execute function tasks.note_history();
