"""The statements on entries, records, stashes and snapshots: their only writer.

Values come and go sealed; who can open what is sealing.py's matter. A write that names the version it has read meets
Conflict when somebody else was faster: the turn runs again on what there is now. No version is given twice, so that an
entry that was deleted and made anew is another one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.storage.database import Row, Statements
from shared.storage.errors import Conflict
from shared.stores.links import forget_links
from shared.stores.records import Entry, Place, ScopeKey, SealedBy

_READ = """
select key, value_sealed, sealed_by, version from stores.entries
where scope = $1 and collection = $2 and ($3::text[] is null or key = any($3)) order by id
"""
_KEYS = "select key, version from stores.entries where scope = $1 and collection = '' order by id"
_COLLECTIONS = """
select collection from stores.entries where scope = $1 and collection <> '' group by collection order by min(id)
"""
_WRITE = """
insert into stores.entries (scope, collection, key, value_sealed, sealed_by, modified_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (scope, collection, key) do update
set value_sealed = $4, sealed_by = $5, modified_at = $6, version = excluded.version
where $7::bigint is null or entries.version = $7
returning version
"""
_REPLACE = """
update stores.entries set value_sealed = $4, sealed_by = $5, modified_at = $6,
    version = nextval('stores.entry_versions')
where scope = $1 and collection = $2 and key = $3 and version = $7 returning version
"""
_DELETE = "delete from stores.entries where scope = $1 and collection = $2 and key = $3 returning version"
_CLEAR = "delete from stores.entries where scope = $1 and collection = $2 returning key, version"
_FORGET = "delete from stores.entries where scope = $1"
_FORGET_KEYS = "delete from stores.scope_keys where scope = $1"
_ALL = """
select collection, key, value_sealed, sealed_by, version from stores.entries where scope = $1 for update
"""
_KEEP_OWN = """
insert into stores.entries (scope, collection, key, value_sealed, sealed_by, modified_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (scope, collection, key) do nothing
"""
_SCOPE_KEYS = "select generation, holder, wrapped from stores.scope_keys where scope = $1"
_ADD_KEY = """
insert into stores.scope_keys (scope, generation, holder, wrapped)
select $1, w.generation, w.holder, w.wrapped
from unnest($2::int[], $3::text[], $4::bytea[]) as w (generation, holder, wrapped)
where not $5 or not exists (select 1 from stores.scope_keys where scope = $1 and generation = any($2))
on conflict (scope, generation, holder) do nothing
"""
_LOCK_SCOPE = "select pg_advisory_xact_lock(hashtextextended($1, 1973))"

_NEXT_RECORD = "select nextval(pg_get_serial_sequence('stores.records', 'id'))"
_ADD_RECORD = "insert into stores.records (id, key, value_sealed, written_at) values ($1, $2, $3, $4)"
_RECORDS = "select id, value_sealed from stores.records where key = $1 and id > $2 order by id limit $3"
_DELETE_RECORD = "delete from stores.records where key = $1 and id = $2"

_ADD_STASH = "insert into stores.stashes (key_hash, value_sealed, ends_at) values ($1, $2, $3)"
_STASH = """
select value_sealed, ends_at from stores.stashes where key_hash = $1 and ends_at > $2
    and not exists (select 1 from stores.spent_stashes where key_hash = $1)
"""
_SPEND_STASH = """
with gone as (delete from stores.stashes where key_hash = $1 returning key_hash, ends_at)
insert into stores.spent_stashes select key_hash, ends_at from gone on conflict do nothing
"""
_KEEP_STASH = "update stores.stashes set value_sealed = $2, ends_at = $3 where key_hash = $1"
_TIDY = """
delete from stores.{table} where key_hash in (
    select key_hash from stores.{table} where ends_at <= $1 order by ends_at limit $2 for update skip locked)
"""
_BATCH = 1000

_SNAPSHOT = """
insert into stores.snapshots (session_id, interview, tags, data, persistent, modified_at, code)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (session_id, tags) do update set data = $4, persistent = $5, modified_at = $6, code = $7
"""


# -- Entries ---------------------------------------------------------------------------------------------------------


async def read(statements: Statements, scope: str, collection: str, keys: Sequence[str] | None) -> list[Entry]:
    """Entries by key, or all of a collection, oldest first."""
    rows = await statements.fetch(_READ, scope, collection, None if keys is None else list(keys))
    return [_entry(row, scope, collection) for row in rows]


async def keys(statements: Statements, scope: str) -> dict[str, int]:
    """The keys of a store, oldest first, with the versions of their values."""
    return {row["key"]: row["version"] for row in await statements.fetch(_KEYS, scope)}


async def collections(statements: Statements, scope: str) -> list[str]:
    """The collections of a scope, oldest first."""
    return [row["collection"] for row in await statements.fetch(_COLLECTIONS, scope)]


async def write(
    statements: Statements, place: Place, sealed: bytes, sealed_by: SealedBy, *, expected: int | None, now: datetime
) -> None:
    """Keep a value. `expected` is the version that was read, 0 for none; None: whatever is there. Raises Conflict."""
    statement = _REPLACE if expected else _WRITE
    found = await statements.fetchval(
        statement, place.scope, place.collection, place.key, sealed, sealed_by, now, expected
    )
    if found is None:
        raise Conflict


async def delete(statements: Statements, place: Place, *, expected: int | None = None) -> None:
    """Delete a value, if it is there. `expected` as with `write`, in a transaction. Raises Conflict."""
    found = await statements.fetchval(_DELETE, place.scope, place.collection, place.key)
    if expected is not None and (found or 0) != expected:
        raise Conflict


async def clear(statements: Statements, scope: str, collection: str) -> dict[str, int]:
    """Delete a collection; the versions of the values that were there, by key."""
    return {row["key"]: row["version"] for row in await statements.fetch(_CLEAR, scope, collection)}


async def forget_scope(statements: Statements, scope: str) -> None:
    """Delete everything that was kept for one person or session."""
    await statements.execute(_FORGET, scope)
    await statements.execute(_FORGET_KEYS, scope)


async def forget_session(statements: Statements, session_id: str) -> None:
    """A session is deleted: what was kept for it goes, and links to it. Snapshots are meant to stay."""
    await forget_scope(statements, scope_of_session(session_id))
    await forget_links(statements, session_id)


async def take_all(statements: Statements, scope: str) -> list[Entry]:
    """Every entry of a scope, locked until the end of the transaction."""
    return [_entry(row, scope, row["collection"]) for row in await statements.fetch(_ALL, scope)]


async def keep_own(statements: Statements, place: Place, sealed: bytes, sealed_by: SealedBy, now: datetime) -> None:
    """Keep a value unless there is one already."""
    await statements.execute(_KEEP_OWN, place.scope, place.collection, place.key, sealed, sealed_by, now)


def scope_of_session(session_id: str) -> str:
    """Where values of one session stand."""
    return f"session {session_id}"


def scope_of_user(user_id: str) -> str:
    """Where values of one person stand: the account's number, or `t<number>` for somebody anonymous."""
    return f"user {user_id}"


def _entry(row: Row, scope: str, collection: str) -> Entry:
    return Entry(Place(scope, collection, row["key"]), row["value_sealed"], row["sealed_by"], row["version"])


# -- Keys of people's stores -----------------------------------------------------------------------------------------


async def scope_keys(statements: Statements, scope: str) -> list[ScopeKey]:
    """Every wrap of a scope's keys."""
    rows = await statements.fetch(_SCOPE_KEYS, scope)
    return [ScopeKey(row["generation"], row["holder"], row["wrapped"]) for row in rows]


async def add_scope_keys(statements: Statements, scope: str, wraps: Sequence[ScopeKey], *, is_new: bool) -> None:
    """Add wraps; with `is_new` only if the generation has none yet: of two who begin at once, one is first."""
    await statements.execute(_LOCK_SCOPE, scope)
    await statements.execute(
        _ADD_KEY,
        scope,
        [wrap.generation for wrap in wraps],
        [wrap.holder for wrap in wraps],
        [wrap.wrapped for wrap in wraps],
        is_new,
    )


# -- Records ---------------------------------------------------------------------------------------------------------


async def next_record(statements: Statements) -> int:
    """A number that no record has."""
    return int(await statements.fetchval(_NEXT_RECORD))


async def add_record(statements: Statements, number: int, key: str, sealed: bytes, now: datetime) -> None:
    """Keep a record."""
    await statements.execute(_ADD_RECORD, number, key, sealed, now)


async def records(statements: Statements, key: str, *, after: int, limit: int) -> list[tuple[int, bytes]]:
    """A page of the records of a key, in order."""
    return [(row["id"], row["value_sealed"]) for row in await statements.fetch(_RECORDS, key, after, limit)]


async def delete_record(statements: Statements, key: str, number: int) -> bool:
    """Delete a record; False when it is not there."""
    return await statements.execute(_DELETE_RECORD, key, number) == "DELETE 1"


# -- Stashes ---------------------------------------------------------------------------------------------------------


async def add_stash(statements: Statements, key_hash: bytes, sealed: bytes, ends_at: datetime) -> None:
    """Keep a stash."""
    await statements.execute(_ADD_STASH, key_hash, sealed, ends_at)


async def stash(statements: Statements, key_hash: bytes, now: datetime) -> tuple[bytes, datetime] | None:
    """A stash that has not ended and was not spent, and when it ends."""
    row = await statements.fetchrow(_STASH, key_hash, now)
    return None if row is None else (row["value_sealed"], row["ends_at"])


async def delete_stash(statements: Statements, key_hash: bytes) -> bool:
    """Spend a stash; False when somebody else has spent it."""
    return await statements.execute(_SPEND_STASH, key_hash) == "INSERT 0 1"


async def keep_stash(statements: Statements, key_hash: bytes, sealed: bytes, ends_at: datetime) -> None:
    """Let a stash last until another moment, for which it was sealed anew."""
    await statements.execute(_KEEP_STASH, key_hash, sealed, ends_at)


async def tidy_stashes(statements: Statements, now: datetime) -> bool:
    """Forget some that have ended; whether more may be left."""
    ended = [await statements.execute(_TIDY.format(table=each), now, _BATCH) for each in ("stashes", "spent_stashes")]
    return f"DELETE {_BATCH}" in ended


# -- Snapshots -------------------------------------------------------------------------------------------------------


async def keep_snapshot(
    statements: Statements,
    session_id: str,
    interview: str,
    *,
    code: str,
    tag: str,
    data: Mapping[str, object],
    is_persistent: bool,
    now: datetime,
) -> None:
    """Keep the JSON of a session, in place of the one before it; authors find it by the session's code."""
    await statements.execute(_SNAPSHOT, session_id, interview, tag, data, is_persistent, now, code)
