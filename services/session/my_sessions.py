"""Whose sessions are whose: lists, what becomes of them at sign-in, and leaving them (spec/area2 §2.9, §2.10, §3.2).

The only writer of `session.attachments`. Steps are never rewritten and versions do not move: who signs in while a form
is on its way, or a task under way, is in nobody's way. A page of a list costs what is on it, however many sessions
there are.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
import structlog

from services.session import store
from services.session.effects import Effects
from services.session.keys import DataKeys, SessionKeys
from services.session.names import SessionName
from services.session.session_filters import EMAIL, Where
from services.session.store import StaleVersion, StoredSession, Wrap
from services.session.telling import Telling
from shared.contracts.base import Sealed
from shared.contracts.session import (
    AdoptedSessions,
    AdoptSessions,
)
from shared.contracts.session_filter import Filter
from shared.contracts.session_lists import LeaveSessions, LeftSessions, ListSessions, SessionEntry, SessionPage
from shared.contracts.visitor import Visitor
from shared.crypto.chain import RowPutBack
from shared.crypto.keys import ServerKeys
from shared.crypto.rotation import SealedColumn, at_rest
from shared.interview.runtime.outcomes import Header
from shared.kernel.clock import Clock
from shared.kernel.errors import Malformed, NotAllowed
from shared.kernel.ids import SessionCode, SessionId
from shared.storage.database import Database, Row, Statements

log = structlog.get_logger()

CODE_PURPOSE = "session code"
_KEEP_COOKIE = timedelta(minutes=10)
"""An old cookie's wrap stays so long: what is under way in another tab comes to its end."""
_MOST_ON_A_PAGE = 200
_MOST_LOOKED_AT = 1000
_BATCH = 100
_LEAVE_SECONDS = 15.0
_RETRIES = 5

_MINE = """
select s.id, s.interview, s.code_sealed, s.generation, s.multi_user, s.header_sealed, s.created_at, s.modified_at,
       s.version, a.started_at, a.user_id, {email} as email,
       array(select row(w.holder, w.generation, w.wrapped, w.key_id) from session.wraps w
             where w.session_id = s.id and (w.holder = 'server' or w.holder = any($2))
               and (w.expires_at is null or w.expires_at > now())) as found_wraps
from session.attachments a join session.sessions s on s.id = a.session_id
where a.user_id = $1 and (a.started_at, a.session_id) < ($3, $4::uuid) and ($6 = '' or s.interview = $6) and {where}
order by a.started_at desc, a.session_id desc limit $5
"""
_EVERYBODYS = """
select s.id, s.interview, s.code_sealed, s.generation, s.multi_user, s.header_sealed, s.created_at, s.modified_at,
       s.version, s.created_at as started_at, coalesce(a.user_id, '') as user_id, {email} as email,
       array(select row(w.holder, w.generation, w.wrapped, w.key_id) from session.wraps w
             where w.session_id = s.id and (w.holder = 'server' or w.holder = any($1))
               and (w.expires_at is null or w.expires_at > now())) as found_wraps
from session.sessions s
left join lateral (select min(t.user_id) as user_id from session.attachments t where t.session_id = s.id) a on true
where (s.created_at, s.id) < ($2, $3::uuid) and ($5 = '' or s.interview = $5) and {where}
order by s.created_at desc, s.id desc limit $4
"""
_ADOPT = """
with head as (
    select id, created_at from session.sessions where id = $1 and generation = $2 for share
), wrapped as (
    insert into session.wraps (session_id, holder, generation, wrapped)
    select head.id, w.holder, w.generation, w.wrapped
    from head, unnest($3::text[], $4::int[], $5::bytea[]) as w (holder, generation, wrapped)
    on conflict (session_id, holder, generation) do nothing
), noted as (
    insert into session.public_keys (session_id, holder, sealed)
    select head.id, p.holder, p.sealed from head, unnest($10::text[], $11::bytea[]) as p (holder, sealed)
    on conflict do nothing
), unnoted as (
    delete from session.public_keys using head where session_id = head.id and holder = any($7)
), fading as (
    update session.wraps set expires_at = $6 from head
    where session_id = head.id and holder = any($7) and expires_at is null
), left_behind as (
    delete from session.attachments using head where session_id = head.id and user_id = $8
), attached as (
    insert into session.attachments (session_id, user_id, started_at) select head.id, $9, head.created_at from head
    on conflict do nothing
), notices as (
    update session.notices set audience = $9 from head where session_id = head.id and audience = $8
)
select id from head
"""
_DETACH = """
with others as (
    select exists (select 1 from session.attachments where session_id = $1 and user_id <> all($2)) as are_there
), gone as (
    delete from session.attachments a using others where others.are_there and a.session_id = $1 and a.user_id = any($2)
), closed as (
    delete from session.wraps w using others where others.are_there and w.session_id = $1 and w.holder = any($3)
), unnoted as (
    delete from session.public_keys p using others
    where others.are_there and p.session_id = $1 and p.holder = any($3)
)
select are_there from others
"""
_FIND = """
select s.id, s.interview, s.version, s.created_at, s.code_sealed from session.attachments a
join session.sessions s on s.id = a.session_id
where a.user_id = $1 and (cardinality($2::uuid[]) = 0 or s.id = any($2)) and ($3 = '' or s.interview = $3)
  and s.id <> all($5::uuid[])
order by a.started_at desc, a.session_id desc limit $4
"""
_FIND_ANYBODYS = """
select s.id, s.interview, s.version, s.created_at, s.code_sealed from session.sessions s
where (cardinality($1::uuid[]) = 0 or s.id = any($1)) and s.id <> all($3::uuid[])
order by s.created_at desc, s.id desc limit $2
"""

_LATEST = datetime(9999, 1, 1, tzinfo=UTC)
_LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"


class BadCursor(Malformed):
    """This is no place in a list of sessions; begin at its first page."""


class NobodyAsks(NotAllowed):
    """Only somebody who has signed in has a list of sessions."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A row of somebody's list, and its keys if they open it."""

    stored: StoredSession
    keys: DataKeys | None
    started_at: datetime
    modified_at: datetime
    user_id: str = ""
    email: str = ""


class MySessions:
    """What people have to do with sessions, besides answering."""

    def __init__(
        self,
        *,
        database: Database,
        keys: SessionKeys,
        server_keys: ServerKeys,
        effects: Effects,
        ended: Callable[[SessionId, int], None],
        telling: Telling,
        clock: Clock,
    ) -> None:
        """`ended` tells others that a session of this version is gone."""
        self._database, self._keys, self._sealer = database, keys, server_keys.at_rest
        self._effects, self._ended, self._clock = effects, ended, clock
        self._telling = telling

    # -- Lists

    async def page(self, message: ListSessions) -> SessionPage:
        """A page of somebody's sessions, newest first. Raises NobodyAsks, BadCursor, BadFilter."""
        visitor = message.visitor.value
        _require_user(visitor)
        limit = min(max(message.limit, 1), _MOST_ON_A_PAGE)
        place, tag = _opened_cursor(message.after), message.tag.value
        entries: list[SessionEntry] = []
        looked_at = 0
        while True:
            rows = await self._rows(
                visitor,
                place,
                limit + 1,
                message.interview,
                of_everybody=message.of_everybody,
                condition=message.condition.value,
            )
            held = [self._held(row, visitor) for row in rows[:limit]]
            for number, one in enumerate(held):
                place = (one.started_at, one.stored.session_id)
                entry = self._entry(one, shows_code=message.shows_codes)
                if entry is not None and (not tag or tag in entry.tags):
                    entries.append(entry)
                    has_more = number + 1 < len(held) or len(rows) > limit
                    if len(entries) == limit:
                        return _page(entries, place if has_more else None)
            looked_at += len(held)
            if len(rows) <= limit:
                return _page(entries, None)
            if looked_at >= _MOST_LOOKED_AT:
                return _page(entries, place)

    async def newest_name(self, visitor: Visitor, name: SessionName | None) -> SessionName | None:
        """Their newest session of the same interview that they can open."""
        if name is None or not visitor.user.is_authenticated:
            return None
        for row in await self._rows(visitor, None, _BATCH, name.interview):
            held = self._held(row, visitor)
            if held.keys is not None:
                return SessionName(name.interview, self._code_of(held.stored))
        return None

    async def _rows(
        self,
        visitor: Visitor,
        place: tuple[datetime, str] | None,
        limit: int,
        interview: str = "",
        *,
        of_everybody: bool = False,
        condition: Filter | None = None,
    ) -> Sequence[Row]:
        started_at, session_id = place or (_LATEST, _LAST_ID)
        holders = [holder.holder for holder in visitor.keys]
        if of_everybody:
            where = Where(condition, first=6, of_everybody=True)
            sql = _EVERYBODYS.format(where=where.text, email=EMAIL)
            return await self._database.fetch(sql, holders, started_at, session_id, limit, interview, *where.values)
        where = Where(condition, first=7)
        sql = _MINE.format(where=where.text, email=EMAIL)
        user_id = visitor.user.the_user_id
        return await self._database.fetch(
            sql, user_id, holders, started_at, session_id, limit, interview, *where.values
        )

    def _held(self, row: Row, visitor: Visitor) -> _Held:
        stored = StoredSession(
            session_id=SessionId(row["id"]),
            interview=row["interview"],
            code_sealed=row["code_sealed"],
            version=row["version"],
            newest_step=0,
            generation=row["generation"],
            is_multi_user=row["multi_user"],
            allow_cron=False,
            created_at=row["created_at"],
            header_sealed=row["header_sealed"],
            steps={},
            wraps=[Wrap(*found) for found in row["found_wraps"]],
            outcome_sealed=None,
        )
        return _Held(
            stored,
            self._keys.open(stored, visitor.keys),
            started_at=row["started_at"],
            modified_at=row["modified_at"],
            user_id=row["user_id"],
            email=row["email"],
        )

    def _entry(self, held: _Held, *, shows_code: bool = False) -> SessionEntry | None:
        """What the list shows; None for a session whose interview hides it."""
        stored, header = held.stored, Header()
        if held.keys is not None and stored.header_sealed is not None:
            header = Header.model_validate_json(held.keys.open_value(stored.header_sealed, "header"))
        if header.is_hidden:
            return None
        return SessionEntry(
            session_id=stored.session_id,
            interview=stored.interview,
            code=self._code_of(stored) if held.keys is not None or shows_code else "",
            user_id=held.user_id,
            email=held.email,
            title=header.title,
            subtitle=header.subtitle,
            tags=header.tags,
            metadata=header.metadata,
            started_at=stored.created_at,
            modified_at=held.modified_at,
            is_readable=held.keys is not None,
            is_shared=stored.is_multi_user,
        )

    def _code_of(self, stored: StoredSession) -> SessionCode:
        return SessionCode(self._sealer.open(stored.code_sealed, purpose=CODE_PURPOSE).decode())

    # -- Signing in

    async def adopt(self, message: AdoptSessions) -> AdoptedSessions:
        """What was done in this browser before signing in belongs to who has signed in. Raises NobodyAsks.

        Their key gets wraps of all that the browser's cookie opens; what it does not open stays attached to the
        browser. Sessions shared with the server only change hands.
        """
        visitor = message.visitor.value
        _require_user(visitor)
        user = visitor.user.model_copy(update={"the_user_id": visitor.user.former_id})
        former = visitor.model_copy(update={"user": user})
        place: tuple[datetime, str] | None = None
        count = 0
        while True:
            rows = await self._rows(former, place, _BATCH)
            for row in rows:
                place = (row["started_at"], row["id"])
                count += await self._adopt(SessionId(row["id"]), visitor)
            if len(rows) < _BATCH:
                return AdoptedSessions(count=count)

    async def _adopt(self, session_id: SessionId, visitor: Visitor) -> bool:
        holders = [holder.holder for holder in visitor.keys]
        cookies = [holder for holder in holders if holder.startswith("cookie:")]
        for _ in range(_RETRIES):
            stored = await store.load(self._database, session_id, holders=holders, steps=1)
            try:
                keys = None if stored is None else self._keys.open(stored, visitor.keys)
            except RowPutBack:  # that session is refused to whoever opens it; signing in goes on
                return False
            if stored is None or keys is None:
                return False
            wraps = [] if stored.is_multi_user else self._keys.missing_wraps(keys, stored, visitor.keys)
            noted = self._keys.missing_public_keys(keys, stored, visitor.keys)
            found = await self._database.fetchval(
                _ADOPT,
                session_id,
                stored.generation,
                [wrap.holder for wrap in wraps],
                [wrap.generation for wrap in wraps],
                [wrap.wrapped for wrap in wraps],
                self._clock.now() + _KEEP_COOKIE,
                cookies,
                visitor.user.former_id,
                visitor.user.the_user_id,
                list(noted),
                list(noted.values()),
            )
            if found is not None:
                return True
        log.warning("session.not_adopted", session=session_id)
        return False

    # -- Leaving

    async def leave(self, message: LeaveSessions) -> LeftSessions:
        """Leave some or all of their sessions, as many as time allows. Raises NobodyAsks, BadCursor."""
        visitor = message.visitor.value
        _require_user(visitor)
        wanted = [_checked_id(one) for one in message.session_ids]
        deadline = self._clock.monotonic() + _LEAVE_SECONDS
        count, in_the_way = 0, list[str]()
        while self._clock.monotonic() < deadline:
            user_id = visitor.user.the_user_id
            if message.of_everybody:
                rows = await self._database.fetch(_FIND_ANYBODYS, wanted, _BATCH, in_the_way)
            else:
                rows = await self._database.fetch(_FIND, user_id, wanted, "", _BATCH, in_the_way)
            for row in rows:
                if await self._leave(row, visitor, for_all=message.for_all or message.of_everybody):
                    count += 1
                else:
                    in_the_way.append(row["id"])
            if len(rows) < _BATCH:
                return LeftSessions(count=count, has_more=bool(in_the_way))
        return LeftSessions(count=count, has_more=True)

    async def leave_all_but(self, session_id: SessionId, interview: str, visitor: Visitor) -> None:
        """A temporary session was begun: the others of this person in the same interview end."""
        user_id = visitor.user.the_user_id
        for row in await self._database.fetch(_FIND, user_id, [], interview, _BATCH, [session_id]):
            await self._leave(row, visitor)

    async def leave_to_others(self, session_id: SessionId, visitor: Visitor) -> bool:
        """Go, if others take part who stay; False when nobody is left, and the session can be deleted."""
        async with self._database.transaction() as connection:
            return await self.detach(connection, session_id, visitor)

    async def detach(self, statements: Statements, session_id: SessionId, visitor: Visitor) -> bool:
        """The same within a transaction. Of two who leave at once the second one sees that the first has gone."""
        await store.hold(statements, session_id)
        users = [name for name in (visitor.user.the_user_id, visitor.user.former_id) if name]
        holders = [holder.holder for holder in visitor.keys]
        return bool(await statements.fetchval(_DETACH, session_id, users, holders))

    async def _leave(self, row: Row, visitor: Visitor, *, for_all: bool = False) -> bool:
        """False when somebody else was changing the session at this moment, every time.

        `for_all`: it ends for others who take part, too; persistent files stay theirs.
        """
        session_id = SessionId(row["id"])
        for _ in range(_RETRIES):
            try:
                async with self._database.transaction() as connection:
                    heirs: Sequence[int] = heirs_of(visitor)
                    if for_all:
                        heirs = await store.accounts_in(connection, session_id)
                    elif await self.detach(connection, session_id, visitor):
                        return True
                    stored = await store.load(connection, session_id, holders=(), steps=0)
                    if stored is None:
                        return True
                    await store.forget(connection, stored)
                    told = self._telling.rows("SessionDeleted", stored.interview, {"session_id": session_id})
                    for write in told:
                        await write(connection)
                    await self._effects.end_session_of(connection, session_id, heirs=heirs)
            except StaleVersion:
                continue
            self._effects.wake()
            self._telling.ring(has_rows=bool(told))
            self._ended(session_id, stored.version + 1)
            return True
        return False


def heirs_of(visitor: Visitor) -> tuple[int, ...]:
    """Who keeps persistent files of a session that this visitor ends: their account, if they have one."""
    return (int(visitor.user.the_user_id),) if visitor.user.is_authenticated else ()


def _require_user(visitor: Visitor) -> None:
    if not visitor.user.is_authenticated:
        raise NobodyAsks


def _page(entries: list[SessionEntry], place: tuple[datetime, str] | None) -> SessionPage:
    return SessionPage(entries=Sealed(tuple(entries)), next_after="" if place is None else _cursor(place))


def _cursor(place: tuple[datetime, str]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([place[0].isoformat(), place[1]])).decode()


def _opened_cursor(text: str) -> tuple[datetime, str] | None:
    """Raises BadCursor."""
    if not text:
        return None
    try:
        started_at, session_id = orjson.loads(base64.urlsafe_b64decode(text))
        moment = datetime.fromisoformat(started_at)
    except (binascii.Error, ValueError, TypeError):
        raise BadCursor from None
    if moment.tzinfo is None:
        raise BadCursor
    return moment, _checked_id(session_id)


def _checked_id(text: object) -> str:
    try:
        return str(uuid.UUID(str(text)))
    except ValueError:
        raise BadCursor from None


SEALED = SealedColumn(
    table="session.sessions", column="code_sealed", key=("id",), seal_again=at_rest(lambda _: CODE_PURPOSE)
)
