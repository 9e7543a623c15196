-- The notice about this task that a page has carried out: one that somebody puts back is not carried out again.
alter table tasks.tasks add column told_notice bigint;
