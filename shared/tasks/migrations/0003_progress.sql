-- How far a running task says it is. The number is for everybody who looks after tasks; the words are the interview's.
alter table tasks.tasks
    add column progress        real check (progress between 0 and 1),
    add column progress_sealed bytea;    -- text
