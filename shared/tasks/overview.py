"""What operators see of background tasks, and may do to them: nothing that was sealed is opened or told.

What has been changed must be said on the bus by the caller, in the same transaction: see services/gateway/task_desk.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import orjson

from shared.kernel.errors import Malformed, NotFound, Refused
from shared.storage.database import Row, Statements
from shared.tasks.records import State

_COLUMNS = """
id::text, session_id::text as session, interview, action, state, is_low_priority, launched_at, begun_at, ended_at,
case when ended_at is null then progress end as progress
"""

_LIST = f"""
select {_COLUMNS} from tasks.tasks
where ($1::text[] = '{{}}' or state = any($1)) and ($2::uuid is null or session_id = $2) and ($3 = '' or interview = $3)
  and ($4 = '' or action = $4) and launched_at <= coalesce($5::timestamptz, 'infinity')
  and ($6::uuid is null or (launched_at, id) < (select launched_at, id from tasks.tasks where id = $6))
order by launched_at desc, id desc limit $7
"""  # noqa: S608  (made of constants)

_ONE = f"""
select {_COLUMNS}, mode, time_limit_seconds, is_idempotent, fencing as claims, lease_owner as worker, due_at, reason,
       history::text as history
from tasks.tasks where id = $1
"""  # noqa: S608  (made of constants)

# The same way as a task whose worker is lost: the session takes the failure in, ends the task and tells the pages.
_REVOKE = """
update tasks.tasks
set state = 'responding', reason = 'revoked', fencing = fencing + 1, lease_owner = null, rings = 0,
    outcome_sealed = null, followup_sealed = null, payload_sealed = null, due_at = now() + make_interval(secs => $2)
where id = $1 and ended_at is null
returning session_id::text as session_id, fencing
"""

_RING = """
update tasks.tasks set rings = rings + 1, due_at = now() + make_interval(secs => $2)
where id = $1 and state in ('pending', 'responding')
returning session_id::text as session_id, fencing, state, is_low_priority
"""

_FIGURES = """
select state, is_low_priority, count(*) as number,
       coalesce(extract(epoch from now() - min(launched_at)), 0)::double precision as oldest_seconds
from tasks.tasks where due_at is not null group by state, is_low_priority
"""

_HOURS = """
select date_trunc('hour', launched_at) as hour, count(*) as launched,
       count(*) filter (where state in ('failed', 'revoked')) as failed
from tasks.tasks where launched_at >= date_trunc('hour', $1::timestamptz) group by 1 order by 1
"""


class NoSuchTask(NotFound):
    """There is no such task."""


class TaskIsOver(Refused):
    """This task has ended; only its interview can launch it again."""


class TaskRuns(Refused):
    """This task runs at the moment. Revoke it, if it must not go on."""


class BadTaskId(Malformed):
    """The id of a task is a UUID, as the list shows it."""


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task in a list."""

    id: str
    session: str
    """The internal id."""
    interview: str
    action: str
    state: str
    is_low_priority: bool
    launched_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    progress: float | None = None
    """How far its code says it is, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class TaskEvent:
    """One moment of a task: queued, leased, begun, handed back, reported, its end."""

    at: datetime
    what: str
    claim: int
    """Which claim it belongs to, from 1; 0 before the first."""


@dataclass(frozen=True, slots=True)
class TaskStory:
    """One task with its history."""

    line: TaskLine
    mode: str | None
    time_limit_seconds: float | None
    is_idempotent: bool
    claims: int
    worker: str | None
    """The process that has it in hand."""
    due_at: datetime | None
    """When somebody looks after it, if nothing is heard of it until then."""
    reason: str | None
    """A failure only the server knows of: worker_lost, key_lost, revoked."""
    events: tuple[TaskEvent, ...]


@dataclass(frozen=True, slots=True)
class TaskMoved:
    """What was done to a task, for the message that must be sent about it."""

    task_id: str
    session_id: str
    fencing: int
    say: Literal["run", "run_low", "ended"]


@dataclass(frozen=True, slots=True)
class HourFigures:
    """Tasks that were launched within one hour, and how many of them have failed or were revoked."""

    hour: datetime
    launched: int
    failed: int


@dataclass(frozen=True, slots=True)
class LineFigures:
    """How many tasks that have not ended are in one state, and how long ago the oldest of them was launched."""

    state: str
    is_low_priority: bool
    number: int
    oldest_seconds: float


async def newest(
    statements: Statements,
    *,
    states: tuple[State, ...] = (),
    session: str = "",
    interview: str = "",
    action: str = "",
    older_than: timedelta | None = None,
    now: datetime | None = None,
    before: str = "",
    limit: int = 50,
) -> list[TaskLine]:
    """The tasks launched last, newest first; only those that fit what is named.

    `older_than` needs `now`. `before` is the id of the last task of the page before. Raises BadTaskId.
    """
    until = now - older_than if older_than is not None and now is not None else None
    rows = await statements.fetch(
        _LIST,
        list(states),
        _id(session) if session else None,
        interview,
        action,
        until,
        _id(before) if before else None,
        limit,
    )
    return [_line(row) for row in rows]


async def story(statements: Statements, task_id: str) -> TaskStory:
    """One task with its history. Raises NoSuchTask, BadTaskId."""
    row = await statements.fetchrow(_ONE, _id(task_id))
    if row is None:
        raise NoSuchTask
    return TaskStory(
        line=_line(row),
        mode=row["mode"],
        time_limit_seconds=row["time_limit_seconds"],
        is_idempotent=row["is_idempotent"],
        claims=row["claims"],
        worker=row["worker"],
        due_at=row["due_at"],
        reason=row["reason"],
        events=tuple(_event(event) for event in orjson.loads(row["history"])),
    )


async def revoke(statements: Statements, task_id: str, *, ring_seconds: float) -> TaskMoved:
    """End a task for its operator, wherever it is. Announce TaskRevoked and send BackgroundEnded.

    Raises NoSuchTask, BadTaskId, TaskIsOver.
    """
    row = await statements.fetchrow(_REVOKE, _id(task_id), ring_seconds)
    if row is None:
        await story(statements, task_id)
        raise TaskIsOver
    return TaskMoved(task_id, row["session_id"], row["fencing"], "ended")


async def ring_again(statements: Statements, task_id: str, *, ring_seconds: float) -> TaskMoved:
    """Have a task looked at again whose message was lost or is a dead letter; send what `say` names.

    Raises NoSuchTask, BadTaskId, TaskIsOver, TaskRuns.
    """
    row = await statements.fetchrow(_RING, _id(task_id), ring_seconds)
    if row is None:
        raise TaskRuns if (await story(statements, task_id)).line.state == "running" else TaskIsOver
    say: Literal["run", "run_low", "ended"] = (
        "ended" if row["state"] == "responding" else "run_low" if row["is_low_priority"] else "run"
    )
    return TaskMoved(task_id, row["session_id"], row["fencing"], say)


async def figures(statements: Statements) -> list[LineFigures]:
    """How the tasks stand that have not ended; costs as much as there are of them."""
    return [LineFigures(*row) for row in await statements.fetch(_FIGURES)]


async def hours(statements: Statements, *, since: datetime) -> list[HourFigures]:
    """How many tasks were launched in each hour since then that had any; hours begin as they do in UTC."""
    return [HourFigures(*row) for row in await statements.fetch(_HOURS, since)]


def _line(row: Row) -> TaskLine:
    return TaskLine(*(row[name] for name in TaskLine.__slots__))


def _event(event: Mapping[str, Any]) -> TaskEvent:
    return TaskEvent(datetime.fromisoformat(event["at"]), event["what"], event["claim"])


def _id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise BadTaskId from None
