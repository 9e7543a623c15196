-- Forms that were sent after their sender had been signed out elsewhere: taken once they have signed in again.

create table gateway.kept_forms (
    browser bigint primary key references gateway.browser_sessions (number) on delete cascade,
    form    bytea not null,          -- sealed under the secret of the browser's cookie, which we do not store
    ends_at timestamptz not null
);
create index kept_forms_ended on gateway.kept_forms (ends_at);
