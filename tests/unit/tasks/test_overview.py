"""What operators see of tasks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from shared.storage.database import Database
from shared.tasks.leases import Leases
from shared.tasks.overview import newest
from shared.tasks.sealing import GrantedKeys
from shared.tasks.store import Tasks

from .sessions import NOW, new_task


async def test_the_newest_tasks_come_first_and_a_state_can_be_picked(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    older, newer = (replace(new_task(), launched_at=NOW + timedelta(hours=hour)) for hour in (1, 2))
    await tasks.insert(rows, [older, newer], keys=keys)
    assert await leases.claim(rows, older.task_id, owner="w", lease_seconds=30) is not None
    assert [(line.id, line.state) for line in await newest(rows)] == [
        (newer.task_id, "pending"),
        (older.task_id, "running"),
    ]
    assert [line.id for line in await newest(rows, state="running")] == [older.task_id]
    assert [line.id for line in await newest(rows, limit=1)] == [newer.task_id]


async def test_a_line_holds_nothing_that_was_sealed(rows: Database, tasks: Tasks, keys: GrantedKeys) -> None:
    await tasks.insert(rows, [new_task()], keys=keys)
    (line,) = await newest(rows)
    assert line.session == keys.session_id
    assert not any(isinstance(getattr(line, name), bytes) for name in line.__slots__)
