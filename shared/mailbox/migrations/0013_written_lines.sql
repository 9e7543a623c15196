-- Who has really written on a line comes before who only expects something there: anybody may type a number.
alter table mailbox.expected_texts add column sent_at timestamptz;  -- when the provider last took a text of the session
-- Words about text messages themselves that have come: the same message again changes nothing.
create table mailbox.heard_words (
    word_hash bytea primary key,           -- of both numbers and the message's id, under the key of the lines
    outcome   text not null check (outcome in ('stopped', 'started', 'answer')),
    heard_at  timestamptz not null
);
create index heard_words_age on mailbox.heard_words (heard_at);
