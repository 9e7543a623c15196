-- What tells a row that was put back as it was before (shared/crypto/chain.py). Null in rows of before.
alter table session.sessions add column rows_mac bytea;    -- over the row itself and its newest step, under the data key
alter table session.steps add column previous_mac bytea;   -- names the step it was written on; empty for a first one
