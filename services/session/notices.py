"""What browsers are to be told when a task has ended (spec/area1 §11): kept as rows until a page says it has done it.

A notice is sealed with the session's key. Its audience is the user who launched the task, whatever page of the session
is open; it is delivered with every check-in until one acknowledges it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, get_args

from services.session.keys import DataKeys
from shared.contracts.session import BrowserCommand
from shared.interview.runtime.effects import NotificationMode
from shared.storage.database import Statements

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


_ADD = """
insert into session.notices (session_id, audience, task_id, payload_sealed, created_at)
select s.id, $2, $3, $4, $5 from session.sessions s where s.id = $1
"""


async def add(
    statements: Statements, keys: DataKeys, *, audience: str, task_id: str, command: BrowserCommand, now: datetime
) -> None:
    """Keep a notice, in the transaction that ends the task; for a session that is gone there is nobody to tell."""
    payload = keys.seal_value(command.model_dump_json().encode(), _PURPOSE, task_id)
    await statements.execute(_ADD, keys.session_id, audience, task_id, payload, now)


_DELIVER = """
with acknowledged as (
    delete from session.notices where session_id = $1 and audience = $2 and id = any($3::bigint[])
)
select id, task_id, payload_sealed from session.notices
where session_id = $1 and audience = $2 and id <> all($3)
order by id limit $4
"""


async def deliver(
    statements: Statements, keys: DataKeys, *, audience: str, acknowledged: Sequence[int]
) -> list[BrowserCommand]:
    """Forget what a page has done; give what it has still to do, in the order the tasks ended."""
    rows = await statements.fetch(_DELIVER, keys.session_id, audience, list(acknowledged), _MOST_AT_ONCE)
    return [
        BrowserCommand.model_validate_json(keys.open_value(row["payload_sealed"], _PURPOSE, row["task_id"])).model_copy(
            update={"notice": row["id"]}
        )
        for row in rows
    ]
