"""Browser sessions in PostgreSQL. Ids are stored hashed, everything that opens something is sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.storage.database import Statements

_LOAD = """
select b.number, b.data_sealed, b.seen_at, c.code_sealed
from gateway.browser_sessions b
left join gateway.current_sessions c on c.browser = b.number and c.interview = $2
where b.id_hash = $1
"""
_NUMBER = "select nextval(pg_get_serial_sequence('gateway.browser_sessions', 'number'))"
_CREATE = """
with browser as (
    insert into gateway.browser_sessions (id_hash, number, data_sealed, created_at, seen_at) overriding system value
    values ($1, $2, $3, $6, $6))
insert into gateway.current_sessions (browser, interview, code_sealed, used_at) values ($2, $4, $5, $6)
"""
_CREATE_BARE = """
insert into gateway.browser_sessions (id_hash, number, data_sealed, created_at, seen_at) overriding system value
values ($1, $2, $3, $4, $4)
"""
_REWRITE = "update gateway.browser_sessions set id_hash = $2, data_sealed = $3, seen_at = $4 where id_hash = $1"
_TOUCH = "update gateway.browser_sessions set seen_at = $2 where number = $1"
_REMEMBER = """
insert into gateway.current_sessions (browser, interview, code_sealed, used_at) values ($1, $2, $3, $4)
on conflict (browser, interview) do update set code_sealed = excluded.code_sealed, used_at = excluded.used_at
"""
_FORGET = "delete from gateway.current_sessions where browser = $1 and interview = $2"
_FORGET_ALL = "delete from gateway.current_sessions where browser = $1"
_LATEST = "select interview from gateway.current_sessions where browser = $1 order by used_at desc limit 1"
_SESSIONS = "select interview, code_sealed from gateway.current_sessions where browser = $1"
_DELETE_UNSEEN = """
delete from gateway.browser_sessions where id_hash in (
    select id_hash from gateway.browser_sessions
    where seen_at < $1 order by seen_at limit $2 for update skip locked)
"""
_BATCH = 1000
_DELETE = "delete from gateway.browser_sessions where id_hash = $1"


@dataclass(frozen=True, slots=True)
class StoredBrowser:
    """A row as it lies in the table."""

    number: int
    data_sealed: bytes
    seen_at: datetime
    code_sealed: bytes | None


class BrowserStore:
    """The tables of the schema `gateway`; the only writer of them."""

    def __init__(self, *, database: Statements) -> None:
        self._database = database

    async def load(self, id_hash: bytes, interview: str) -> StoredBrowser | None:
        """The browser of this id, with its current session of the interview, in one round trip."""
        row = await self._database.fetchrow(_LOAD, id_hash, interview)
        return None if row is None else StoredBrowser(row[0], row[1], row[2], row[3])

    async def new_number(self) -> int:
        """A number for a browser that is not stored yet, and perhaps never is."""
        number: int = await self._database.fetchval(_NUMBER)
        return number

    async def create(
        self, id_hash: bytes, number: int, data_sealed: bytes, interview: str, code_sealed: bytes, *, now: datetime
    ) -> None:
        """Store a new browser with the first session it entered."""
        await self._database.execute(_CREATE, id_hash, number, data_sealed, interview, code_sealed, now)

    async def create_bare(self, id_hash: bytes, number: int, data_sealed: bytes, *, now: datetime) -> None:
        """Store a new browser that is in no session yet."""
        await self._database.execute(_CREATE_BARE, id_hash, number, data_sealed, now)

    async def rewrite(self, former_hash: bytes, id_hash: bytes, data_sealed: bytes, *, now: datetime) -> None:
        """Store what has changed about a browser, perhaps under another id; its sessions stay its own."""
        await self._database.execute(_REWRITE, former_hash, id_hash, data_sealed, now)

    async def touch(self, number: int, *, now: datetime) -> None:
        """Note that the browser is still about."""
        await self._database.execute(_TOUCH, number, now)

    async def remember(self, number: int, interview: str, code_sealed: bytes, *, now: datetime) -> None:
        """Make this the browser's current session of the interview."""
        await self._database.execute(_REMEMBER, number, interview, code_sealed, now)

    async def forget(self, number: int, interview: str) -> None:
        """The browser is in no session of this interview any more."""
        await self._database.execute(_FORGET, number, interview)

    async def forget_all(self, number: int) -> None:
        """The browser is in no session any more; the sessions themselves stay."""
        await self._database.execute(_FORGET_ALL, number)

    async def latest_interview(self, number: int) -> str | None:
        """The interview whose session the browser entered last."""
        interview: str | None = await self._database.fetchval(_LATEST, number)
        return interview

    async def sessions(self, number: int) -> list[tuple[str, bytes]]:
        """The sessions the browser is in, of every interview one, by their sealed codes."""
        return [(row[0], row[1]) for row in await self._database.fetch(_SESSIONS, number)]

    async def delete_unseen(self, *, before: datetime) -> bool:
        """Forget browsers that were last seen before this moment; whether more may be left."""
        return await self._database.execute(_DELETE_UNSEEN, before, _BATCH) == f"DELETE {_BATCH}"

    async def delete(self, id_hash: bytes) -> None:
        """Forget the browser altogether."""
        await self._database.execute(_DELETE, id_hash)
