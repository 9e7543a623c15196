"""Sessions in PostgreSQL: load everything a turn needs in one statement, commit everything it did in one.

Knows rows and sealed bytes, no keys: what is inside belongs to keys.py. One statement sees one state of the database,
so the load is as good as a REPEATABLE READ transaction, and the commit's compare-and-set on `version` guards every part
of it. `created_at` is compared as well: a session deleted and made anew under the same code is another one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.bus.outbox import OutboxColumns, insert_statement
from shared.kernel.errors import Retryable
from shared.kernel.ids import SessionId
from shared.storage.database import Row, Statements

SERVER = "server"
"""Holder of the wraps under the server key."""
UNATTENDED = "unattended:"
"""Holders of wraps under the server key that are meant for one purpose while nobody is there start like this."""


@dataclass(frozen=True, slots=True)
class NewNote:
    """What one run of a turn set, sealed; `place` is its number among those that are saved together."""

    place: int
    cause: str
    sealed: bytes


_NO_MESSAGES = OutboxColumns([], [], [], [], [], [], [])


class StaleVersion(Retryable):
    """Another turn saved this session first."""

    def __init__(self, expected: int) -> None:
        super().__init__()
        self.expected = expected


@dataclass(frozen=True, slots=True)
class StoredStep:
    """One step as it lies in the table."""

    step: int
    version: int
    generation: int
    base_step: int | None
    data: bytes
    previous_mac: bytes | None = None
    """Names the step it was written on (shared/crypto/chain.py)."""


@dataclass(frozen=True, slots=True)
class Wrap:
    """The data key of one generation, wrapped for one holder."""

    holder: str
    generation: int
    wrapped: bytes
    key_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """A session as it lies in the tables, with the steps, wraps and the outcome that were asked for."""

    session_id: SessionId
    interview: str
    code_sealed: bytes
    version: int
    newest_step: int
    generation: int
    is_multi_user: bool
    allow_cron: bool
    created_at: datetime
    header_sealed: bytes | None
    steps: Mapping[int, StoredStep]
    wraps: Sequence[Wrap]
    outcome_sealed: bytes | None
    """How the asked operation ended when it was handled before."""
    is_attached: bool = True
    """Whether who asks takes part in it already."""
    has_closed_mail: bool = False
    """Whether mail waits for somebody with a key."""
    known_holders: frozenset[str] = frozenset()
    """Those of the holders asked for whose public key is noted."""
    rows_mac: bytes | None = None
    """What the loaded rows are held to (shared/crypto/chain.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What one turn changes, all or nothing."""

    session_id: SessionId
    expected_version: int
    """0 for a session that is made by this commit."""
    created_at: datetime
    now: datetime
    newest_step: int
    """Steps after it are deleted."""
    generation: int
    is_multi_user: bool
    allow_cron: bool
    header_sealed: bytes | None
    step: StoredStep | None
    """Written over a step of its number, or as a further one; None leaves the answers as they are."""
    rows_mac: bytes | None
    """Holds the rows to each other (shared/crypto/chain.py); None while the newest step is of a release without it."""
    operation_id: str
    outcome_sealed: bytes
    """What a second delivery of the operation gets."""
    added_wraps: Sequence[Wrap] = ()
    dropped_holders: Sequence[str] = ()
    """Whose wraps are taken away."""
    public_keys: Mapping[str, bytes] = field(default_factory=dict)
    """Sealed public keys to be noted, by holder."""
    messages: OutboxColumns = _NO_MESSAGES
    """Published after the commit."""
    attached_user: str = ""
    """Who takes part in the session from now on; empty: nobody else than before."""
    notes: Sequence[NewNote] = ()
    """Who set which variables."""
    interview: str = ""
    code_hash: bytes = b""
    code_sealed: bytes = b""


_LOAD = """
select s.interview, s.code_sealed, s.version, s.steps, s.generation, s.multi_user, s.allow_cron, s.created_at,
       s.header_sealed, s.has_closed_mail, s.rows_mac,
       array(select row(t.step, t.version, t.generation, t.base_step, t.data, t.previous_mac)
             from session.steps t
             where t.session_id = s.id and t.step = any(array(
                 select unnest(array[b.step, b.base_step]) from session.steps b
                 where b.session_id = s.id and b.step > s.steps - $2))) as found_steps,
       array(select row(w.holder, w.generation, w.wrapped, w.key_id) from session.wraps w
             where w.session_id = s.id
               and (w.holder = 'server' or w.holder = any($3) or starts_with(w.holder, 'unattended:')
                    or starts_with(w.holder, 'link:'))
               and (w.expires_at is null or w.expires_at > now())) as found_wraps,
       (select i.outcome_sealed from session.inbox i
        where i.session_id = s.id and i.operation_id = $4) as outcome_sealed,
       exists (select 1 from session.attachments a where a.session_id = s.id and a.user_id = $5) as is_attached,
       array(select p.holder from session.public_keys p
             where p.session_id = s.id and p.holder = any($3)) as known_holders
from session.sessions s where s.id = $1
"""


async def load(
    statements: Statements,
    session_id: SessionId,
    *,
    holders: Sequence[str],
    operation_id: str = "",
    steps: int = 1,
    user_id: str = "",
) -> StoredSession | None:
    """The state of a session with its newest `steps` steps (and what they are compressed against), or None."""
    row = await statements.fetchrow(_LOAD, session_id, steps, list(holders), operation_id, user_id)
    return None if row is None else _session(session_id, row)


def _session(session_id: SessionId, row: Row) -> StoredSession:
    steps = [StoredStep(*found) for found in row["found_steps"]]
    return StoredSession(
        session_id=session_id,
        interview=row["interview"],
        code_sealed=row["code_sealed"],
        version=row["version"],
        newest_step=row["steps"],
        generation=row["generation"],
        is_multi_user=row["multi_user"],
        allow_cron=row["allow_cron"],
        created_at=row["created_at"],
        header_sealed=row["header_sealed"],
        steps={step.step: step for step in steps},
        wraps=[Wrap(*found) for found in row["found_wraps"]],
        outcome_sealed=row["outcome_sealed"],
        is_attached=row["is_attached"],
        has_closed_mail=row["has_closed_mail"],
        known_holders=frozenset(row["known_holders"]),
        rows_mac=row["rows_mac"],
    )


_MOST_PUBLIC_KEYS = 1000
_PUBLIC_KEYS = """
select holder, sealed from session.public_keys where session_id = $1
order by starts_with(holder, 'user:') desc, holder limit $2
"""  # programs without cookies take part anew with every change: accounts come first


async def public_keys(statements: Statements, session_id: SessionId) -> dict[str, bytes]:
    """The sealed public keys of all who take part, by holder."""
    rows = await statements.fetch(_PUBLIC_KEYS, session_id, _MOST_PUBLIC_KEYS)
    return {row["holder"]: row["sealed"] for row in rows}


async def check_holders(statements: Statements, change: Commit, holders: Collection[str]) -> None:
    """After `commit`: nobody has come or gone since the public keys of these were read. Raises StaleVersion.

    Signing in and leaving move no version, but wait for the row that is committed, as the commit waits for them.
    """
    now, before = set(await public_keys(statements, change.session_id)), set(holders)
    come = now - before - set(change.public_keys)
    gone = before - now if len(now) < _MOST_PUBLIC_KEYS else ()
    if come or gone:
        raise StaleVersion(change.expected_version)


_CHANGE_HEAD = """
with head as (
    update session.sessions
    set version = version + 1, steps = $4, generation = $5, multi_user = $6, allow_cron = $7,
        header_sealed = coalesce($8, header_sealed), modified_at = $9, rows_mac = $34
    where id = $1 and version = $2 and created_at = $3
    returning id, version
)"""

_CREATE_HEAD = """
with head as (
    insert into session.sessions (id, version, created_at, steps, generation, multi_user, allow_cron, header_sealed,
                                  modified_at, rows_mac, interview, code_hash, code_sealed)
    values ($1, $2 + 1, $3, $4, $5, $6, $7, $8, $9, $34, $36, $37, $38)
    on conflict do nothing
    returning id, version
)"""

_PARTS = f""",
dropped_steps as (
    delete from session.steps using head where session_id = head.id and step > $4
), written_step as (
    insert into session.steps (session_id, step, version, generation, base_step, data, saved_at, previous_mac)
    select head.id, $10, head.version, $11, $12, $13, $9, $35 from head where $13::bytea is not null
    on conflict (session_id, step) do update
    set version = excluded.version, generation = excluded.generation, base_step = excluded.base_step,
        data = excluded.data, saved_at = excluded.saved_at, previous_mac = excluded.previous_mac
), handled as (
    insert into session.inbox (session_id, operation_id, outcome_sealed, handled_at)
    select head.id, $14, $15, $9 from head
), dropped_wraps as (
    delete from session.wraps using head where session_id = head.id and holder = any($20::text[])
), added_wraps as (
    insert into session.wraps (session_id, holder, generation, wrapped, key_id)
    select head.id, w.holder, w.generation, w.wrapped, w.key_id
    from head, unnest($16::text[], $17::int[], $18::bytea[], $19::text[]) as w (holder, generation, wrapped, key_id)
    on conflict (session_id, holder, generation) do update
    set wrapped = excluded.wrapped, key_id = excluded.key_id, expires_at = null
), noted_public_keys as (
    insert into session.public_keys (session_id, holder, sealed)
    select head.id, p.holder, p.sealed from head, unnest($29::text[], $30::bytea[]) as p (holder, sealed)
    on conflict do nothing
), attached as (
    insert into session.attachments (session_id, user_id, started_at)
    select head.id, $28::text, $3 from head where $28 <> ''
    on conflict do nothing
), noted as (
    insert into session.changes (session_id, version, place, step, saved_at, cause, note_sealed)
    select head.id, head.version, n.place, $4, $9, n.cause, n.note
    from head, unnest($31::int[], $32::text[], $33::bytea[]) as n (place, cause, note)
), messages as (
    {insert_statement(21, condition="exists (select 1 from head)")}
)
select version from head
"""  # noqa: S608  # made of constants

_CHANGE = _CHANGE_HEAD + _PARTS
_CREATE = _CREATE_HEAD + _PARTS


async def commit(statements: Statements, change: Commit) -> int:
    """Save a turn, and give the new version. Raises StaleVersion when the session has moved on or is gone."""
    step = change.step
    wraps = change.added_wraps
    values = [
        change.session_id,
        change.expected_version,
        change.created_at,
        change.newest_step,
        change.generation,
        change.is_multi_user,
        change.allow_cron,
        change.header_sealed,
        change.now,
        step.step if step else None,
        step.generation if step else None,
        step.base_step if step else None,
        step.data if step else None,
        change.operation_id,
        change.outcome_sealed,
        [wrap.holder for wrap in wraps],
        [wrap.generation for wrap in wraps],
        [wrap.wrapped for wrap in wraps],
        [wrap.key_id for wrap in wraps],
        list(change.dropped_holders),
        *change.messages,
        change.attached_user,
        list(change.public_keys),
        list(change.public_keys.values()),
        [note.place for note in change.notes],
        [note.cause for note in change.notes],
        [note.sealed for note in change.notes],
        change.rows_mac,
        step.previous_mac if step else None,
    ]
    if change.expected_version:
        version = await statements.fetchval(_CHANGE, *values)
    else:
        version = await statements.fetchval(_CREATE, *values, change.interview, change.code_hash, change.code_sealed)
    if version is None:
        raise StaleVersion(change.expected_version)
    return int(version)


_NOTE_HANDLED = """
insert into session.inbox (session_id, operation_id, outcome_sealed, handled_at)
select $1, h.operation_id, h.outcome, $4 from unnest($2::text[], $3::bytea[]) as h (operation_id, outcome)
"""


async def note_handled(
    statements: Statements, session_id: SessionId, outcomes: Mapping[str, bytes], *, now: datetime
) -> None:
    """Further operations that a commit has done, with their sealed outcomes."""
    await statements.execute(_NOTE_HANDLED, session_id, list(outcomes), list(outcomes.values()), now)


_DELETE = """
with gone as (
    delete from session.sessions where id = $1 and version = $2 and created_at = $3 returning id
), ending as (
    insert into session.endings (session_id, operation_id, outcome_sealed, ended_at)
    select id, $4, $5, $6 from gone
    on conflict (session_id, operation_id) do nothing
)
select id from gone
"""


async def delete(
    statements: Statements, stored: StoredSession, *, operation_id: str, outcome_sealed: bytes, now: datetime
) -> None:
    """Delete a session with all that hangs on it; remember how. Raises StaleVersion as `commit` does."""
    gone = await statements.fetchval(
        _DELETE, stored.session_id, stored.version, stored.created_at, operation_id, outcome_sealed, now
    )
    if gone is None:
        raise StaleVersion(stored.version)


_FORGET = "delete from session.sessions where id = $1 and version = $2 and created_at = $3 returning id"


async def forget(statements: Statements, stored: StoredSession) -> None:
    """Delete a session that no operation deletes: its owner has left it. Raises StaleVersion."""
    if await statements.fetchval(_FORGET, stored.session_id, stored.version, stored.created_at) is None:
        raise StaleVersion(stored.version)


_ACCOUNTS = "select user_id::bigint from session.attachments where session_id = $1 and user_id ~ '^[0-9]+$'"


async def accounts_in(statements: Statements, session_id: SessionId) -> list[int]:
    """Numbers of the accounts that take part in a session."""
    return [row[0] for row in await statements.fetch(_ACCOUNTS, session_id)]


_ENDING = "select outcome_sealed from session.endings where session_id = $1 and operation_id = $2"


async def ending(statements: Statements, session_id: SessionId, operation_id: str) -> bytes | None:
    """How the operation ended that deleted a session, if it was this one."""
    outcome: bytes | None = await statements.fetchval(_ENDING, session_id, operation_id)
    return outcome


_VERSION = "select version from session.sessions where id = $1"


async def version_of(statements: Statements, session_id: SessionId) -> int | None:
    """The version of a session; None when it is gone."""
    version: int | None = await statements.fetchval(_VERSION, session_id)
    return version


_HOLD = "select version from session.sessions where id = $1 for no key update"


async def hold(statements: Statements, session_id: SessionId) -> int | None:
    """As `version_of`, and nobody else changes the session, or who takes part in it, before this transaction ends."""
    version: int | None = await statements.fetchval(_HOLD, session_id)
    return version


_NOTE_CLOSED_MAIL = "update session.sessions set has_closed_mail = $2 where id = $1 and has_closed_mail <> $2"


async def note_closed_mail(statements: Statements, session_id: SessionId, *, is_there: bool) -> None:
    """Whether mail waits for somebody with a key of the session."""
    await statements.execute(_NOTE_CLOSED_MAIL, session_id, is_there)


_HAS_CLOSED_MAIL = "select has_closed_mail from session.sessions where id = $1"


async def has_closed_mail(statements: Statements, session_id: SessionId) -> bool:
    """What was noted of that."""
    return bool(await statements.fetchval(_HAS_CLOSED_MAIL, session_id))


_WAS_HANDLED = "select exists (select 1 from session.inbox where session_id = $1 and operation_id = $2)"


async def was_handled(statements: Statements, session_id: SessionId, operation_id: str) -> bool:
    """Whether an operation has been committed."""
    return bool(await statements.fetchval(_WAS_HANDLED, session_id, operation_id))
