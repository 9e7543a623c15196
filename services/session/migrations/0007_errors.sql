-- Where runs have failed: one row for a line of an interview and a kind of error, with how often. No texts: they may
-- hold answers.
create table session.errors (
    interview text not null,
    file      text not null,
    line      integer not null,            -- 0: the whole file
    error     text not null,               -- the class
    number    bigint not null,
    first_at  timestamptz not null,
    last_at   timestamptz not null,
    primary key (interview, file, line, error)
);
create index errors_age on session.errors (last_at);
