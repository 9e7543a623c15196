"""What browsers are to be told when a task has ended (spec/area1 §11): kept as rows until a page says it has done it.

A notice is sealed with the session's key. Its audience is the user who launched the task, whatever page of the session
is open; it is delivered with every check-in until one acknowledges it. A page that was open before also gets what
another one has acknowledged meanwhile: it says up to which number it knows them. So every tab is told, and a tab that
is opened later is not told what is long done. That it is done also the task's row says, so that a notice which somebody
puts back into the table stays done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from services.session.keys import DataKeys
from shared.contracts.session import BrowserCommand
from shared.contracts.visitor import UserFacts
from shared.interview.runtime.effects import NotificationMode
from shared.kernel.ids import SessionId
from shared.storage.database import Row, Statements
from shared.tasks.store import FINISH_PARTS, TOLD_PART, TaskEnd, finish_parameters

_PURPOSE = "notice"
_MOST_AT_ONCE = 100


def mode_of(text: str | None) -> NotificationMode | None:
    """A stored mode as one that is known; anything else tells the browser nothing (spec/area1 §3.2)."""
    return next((mode for mode in get_args(NotificationMode) if mode == text), None)


def command_for(mode: NotificationMode | None, value: Any) -> BrowserCommand | None:
    """What the page is told about a task that ended with this value, or None when there is nothing to tell.

    A refresh never carries the value (spec/area1 §11.6); the other modes have nothing to show without one.
    """
    if mode is None:
        return None
    if mode == "refresh":
        return BrowserCommand(extra=mode)
    if value is None:
        return None
    return BrowserCommand(value=with_choice_pairs(value) if mode == "fields" else value, extra=mode)


def with_choice_pairs(fields: Any) -> Any:
    """Choices in the values for fields, in whatever shape, as lists of [value, label] (spec/area1 §6.4)."""
    if not isinstance(fields, dict):
        return fields
    return {
        name: {**value, "choices": _pairs(value["choices"])}
        if isinstance(value, dict) and "choices" in value
        else value
        for name, value in fields.items()
    }


def _pairs(choices: Any) -> list[list[Any]]:
    if isinstance(choices, dict):
        return [[value, label] for value, label in choices.items()]
    return [_pair(choice) for choice in choices] if isinstance(choices, list) else []


def _pair(choice: Any) -> list[Any]:
    match choice:
        case {"label": label, "value": value} | {"label": label, "key": value}:
            return [value, label]
        case dict() if len(choice) == 1:
            return list(next(iter(choice.items())))
        case [value, label]:
            return [value, label]
        case _:
            return [choice, choice]


_END_AND_TELL = f"""
with {FINISH_PARTS}, told as (
    insert into session.notices (session_id, audience, task_id, payload_sealed, created_at)
    select s.id, n.audience, n.task_id, n.payload, $6
    from unnest($8::uuid[], $9::text[], $10::bytea[]) with ordinality as n (task_id, audience, payload, place)
    join ended on ended.id = n.task_id
    join session.sessions s on s.id = ended.session_id
    order by n.place
)
select ended.id::text as id, ended.fencing, s.version
from ended left join session.sessions s on s.id = ended.session_id
"""  # noqa: S608  # made of constants


@dataclass(frozen=True, slots=True)
class TaskOver:
    """A task that ends for good, and what browsers are to be told about it."""

    end: TaskEnd
    keys: DataKeys
    audience: str
    command: BrowserCommand | None

    @property
    def mark(self) -> tuple[str, int]:
        """Which claim of the task ends."""
        return self.end.task_id, self.end.fencing


async def end_tasks(
    statements: Statements, overs: Sequence[TaskOver], *, now: datetime, version: int | None = None
) -> dict[tuple[str, int], int | None]:
    """End tasks for good and keep what is to be told; for a session that is gone there is nobody to tell.

    Gives for each that could be ended, by id and fencing number, the version of its session; None when that is gone.
    The others have ended otherwise meanwhile. `version` is that of answers that are saved in the same transaction.
    """
    told = [(over, over.command) for over in overs if over.command is not None]
    payloads = [
        over.keys.seal_value(command.model_dump_json().encode(), _PURPOSE, over.end.task_id) for over, command in told
    ]
    rows = await statements.fetch(
        _END_AND_TELL,
        *finish_parameters([over.end for over in overs], now=now, version=version),
        [over.end.task_id for over, _ in told],
        [over.audience for over, _ in told],
        payloads,
    )
    return {(row["id"], row["fencing"]): row["version"] for row in rows}


_DELIVER = f"""
with acknowledged as (
    update session.notices set acknowledged_at = $5
    where session_id = $1 and audience = any($2::text[]) and id = any($3::bigint[]) and acknowledged_at is null
    returning id, task_id
), {TOLD_PART}, newest as (
    select coalesce(max(id), 0) as id from session.notices where session_id = $1 and audience = any($2)
), waiting as (
    select n.id, n.task_id, n.payload_sealed, newest.id as newest
    from newest left join (session.notices n left join tasks.tasks t on t.id = n.task_id)
        on n.session_id = $1 and n.audience = any($2) and n.id <> all($3)
        and coalesce(t.told_notice = n.id, true)
        and ((n.acknowledged_at is null and t.told_notice is null) or n.id > coalesce($6, newest.id))
    order by n.id limit $4
)
select w.id, w.task_id, w.payload_sealed, w.newest
from waiting w left join tasks.tasks t on t.id = w.task_id
order by t.launched_at, t.id, w.id
"""  # noqa: S608  # made of constants


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a page is to do, and up to which number it then knows the notices."""

    commands: Sequence[BrowserCommand]
    up_to: int


async def waiting(
    statements: Statements,
    session_id: SessionId,
    *,
    user: UserFacts,
    acknowledged: Sequence[int],
    after: int | None,
    now: datetime,
) -> Sequence[Row]:
    """Note what a page has done; give what it has still to do, still closed, for `delivery` to open.

    `after` is up to where the page knows the notices; None for one that was just opened.
    Who has signed in since launching a task is still the one who launched it.
    """
    names = [user.the_user_id, *([user.former_id] if user.former_id else [])]
    return await statements.fetch(_DELIVER, session_id, names, list(acknowledged), _MOST_AT_ONCE, now, after)


def delivery(rows: Sequence[Row], keys: DataKeys, *, after: int | None) -> Delivery:
    """What is waiting, opened, in the order in which the tasks were launched (spec/area1 §11.3)."""
    commands = [_command(row, keys) for row in rows if row["id"] is not None]
    up_to = max(row["id"] for row in rows) if len(rows) == _MOST_AT_ONCE else rows[0]["newest"]
    return Delivery(commands, max(up_to, after or 0))


def _command(row: Row, keys: DataKeys) -> BrowserCommand:
    task_id = row["task_id"]
    command = BrowserCommand.model_validate_json(keys.open_value(row["payload_sealed"], _PURPOSE, task_id))
    return command.model_copy(update={"notice": row["id"], "task": str(task_id)})
