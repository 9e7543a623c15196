"""Requests of other services as rows of `session.actions`: the only reader and writer of them.

The row at the head of a session's line is leased by the process that runs it; nobody else can take a later one, so a
line is worked through in its order, whoever comes by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.bus.outbox import OutboxColumns, insert_statement
from shared.contracts.events import ActionStatus
from shared.kernel.ids import SessionId
from shared.storage.database import Row, Statements

_ADD = """
insert into session.actions (publisher, request_id, session_id, interview, action, asked_sealed, reply_to,
                             correlation_id, received_at, status, detail, ended_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (publisher, request_id) do nothing
returning sequence
"""
_COLUMNS = """sequence, publisher, request_id, session_id, interview, action, asked_sealed, reply_to, correlation_id,
       attempts, status, detail"""
# Whoever claims and ends does not wait for the disk: what a crash of the server forgets of it is done again, and the
# session gives the first outcome then (its answers are on the disk).
# A publisher that asks again waits in another place than before.
_AGAIN = f"""
update session.actions set reply_to = coalesce(nullif($3, ''), reply_to),
       correlation_id = case when $3 = '' then correlation_id else $4 end
where publisher = $1 and request_id = $2
returning {_COLUMNS}
"""  # noqa: S608  # made of constants
_FIND = f"select {_COLUMNS} from session.actions where sequence = $1"  # noqa: S608
_CLAIM = f"""
with head as (
    select sequence as first from session.actions where session_id = $1 and ended_at is null order by sequence limit 1
)
update session.actions set lease_owner = $2, lease_until = $4, attempts = attempts + 1
from head where sequence = head.first and ended_at is null
      and (lease_until is null or lease_until < $3 or lease_owner = $2)
returning {_COLUMNS}, set_config('synchronous_commit', 'off', true)
"""  # noqa: S608
_END = f"""
with ended as (
    update session.actions set status = $3, detail = $4, ended_at = $5, asked_sealed = null, lease_owner = null,
           lease_until = null
    where sequence = $1 and lease_owner = $2 and ended_at is null
    returning sequence
), told as (
    {insert_statement(6, condition="exists (select 1 from ended)")}
)
select set_config('synchronous_commit', 'off', true) from ended
"""  # noqa: S608
_RENEW = "update session.actions set lease_until = $2 where lease_owner = $1 and ended_at is null"
_RELEASE = "update session.actions set lease_owner = null, lease_until = null where lease_owner = $1"
_WAITING = """
select distinct session_id from session.actions
where ended_at is null and (lease_until is null or lease_until < $1) limit $2
"""
_FORGET = """
delete from session.actions where sequence in (
    select sequence from session.actions where ended_at < $1 order by ended_at limit $2 for update skip locked)
"""

LEASE_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedAction:
    """One request as it lies in the table."""

    sequence: int
    publisher: str
    request_id: str
    session_id: SessionId
    interview: str
    action: str
    asked_sealed: bytes | None = field(repr=False)
    reply_to: str
    correlation_id: str
    attempts: int
    status: ActionStatus | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAction:
    """A request that has come; `status` is set for one that ends at once."""

    publisher: str
    request_id: str
    session_id: SessionId
    interview: str
    action: str
    asked_sealed: bytes | None = field(repr=False)
    reply_to: str = ""
    correlation_id: str = ""
    status: ActionStatus | None = None
    detail: str = ""


async def add(statements: Statements, new: NewAction, *, now: datetime) -> tuple[RequestedAction, bool]:
    """Record a request; gives its row, and whether it is new."""
    values = (
        new.publisher,
        new.request_id,
        new.session_id,
        new.interview,
        new.action,
        new.asked_sealed if new.status is None else None,
        new.reply_to,
        new.correlation_id,
        now,
        new.status,
        new.detail,
        now if new.status is not None else None,
    )
    while True:
        sequence = await statements.fetchval(_ADD, *values)
        if sequence is not None:
            return _action_of(new, int(sequence)), True
        row = await statements.fetchrow(_AGAIN, new.publisher, new.request_id, new.reply_to, new.correlation_id)
        if row is not None:  # else it was forgotten just now
            return _action(row), False


async def find(statements: Statements, sequence: int) -> RequestedAction | None:
    """One request."""
    row = await statements.fetchrow(_FIND, sequence)
    return None if row is None else _action(row)


async def claim(statements: Statements, session_id: SessionId, *, owner: str, now: datetime) -> RequestedAction | None:
    """The head of a session's line, leased; None when there is none, or somebody else runs it."""
    until = now + timedelta(seconds=LEASE_SECONDS)
    row = await statements.fetchrow(_CLAIM, session_id, owner, now, until)
    return None if row is None else _action(row)


async def end(
    statements: Statements,
    sequence: int,
    *,
    owner: str,
    status: ActionStatus,
    detail: str,
    messages: OutboxColumns,
    now: datetime,
) -> bool:
    """It has ended, and this is to be said about it; False when it is not ours any more."""
    return await statements.fetchval(_END, sequence, owner, status, detail, now, *messages) is not None


async def renew(statements: Statements, *, owner: str, now: datetime) -> None:
    """Keep what a process has in hand."""
    await statements.execute(_RENEW, owner, now + timedelta(seconds=LEASE_SECONDS))


async def release(statements: Statements, *, owner: str) -> None:
    """Give back what a process has in hand."""
    await statements.execute(_RELEASE, owner)


async def waiting(statements: Statements, *, now: datetime, limit: int) -> Sequence[SessionId]:
    """Sessions with a line that nobody works on."""
    return [SessionId(row["session_id"]) for row in await statements.fetch(_WAITING, now, limit)]


async def forget(statements: Statements, *, before: datetime, limit: int) -> bool:
    """Forget some that ended before; whether more may be left."""
    return await statements.execute(_FORGET, before, limit) == f"DELETE {limit}"


def _action(row: Row) -> RequestedAction:
    return RequestedAction(
        sequence=row["sequence"],
        publisher=row["publisher"],
        request_id=row["request_id"],
        session_id=SessionId(row["session_id"]),
        interview=row["interview"],
        action=row["action"],
        asked_sealed=row["asked_sealed"],
        reply_to=row["reply_to"],
        correlation_id=row["correlation_id"],
        attempts=row["attempts"],
        status=row["status"],
        detail=row["detail"],
    )


def _action_of(new: NewAction, sequence: int) -> RequestedAction:
    return RequestedAction(
        sequence=sequence,
        publisher=new.publisher,
        request_id=new.request_id,
        session_id=new.session_id,
        interview=new.interview,
        action=new.action,
        asked_sealed=new.asked_sealed,
        reply_to=new.reply_to,
        correlation_id=new.correlation_id,
        attempts=0,
        status=new.status,
        detail=new.detail,
    )
