-- How often a file was changed: told by its row and once more beside it, so that a row of before is known as one. 0 for
-- rows of a release that did not count.
alter table files.files add column version integer not null default 0;
create table files.versions (
    number  bigint primary key references files.files on delete cascade,
    version integer not null
);
