"""What operators see of tasks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.kernel.ids import new_id
from shared.storage.database import Database
from shared.tasks.leases import Leases
from shared.tasks.overview import (
    BadTaskId,
    NoSuchTask,
    TaskIsOver,
    TaskRuns,
    figures,
    newest,
    revoke,
    ring_again,
    story,
)
from shared.tasks.records import REVOKED, Outcome, StaleTask
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
    assert [line.id for line in await newest(rows, states=("running",))] == [older.task_id]
    assert [line.id for line in await newest(rows, limit=1)] == [newer.task_id]


async def test_a_line_holds_nothing_that_was_sealed(rows: Database, tasks: Tasks, keys: GrantedKeys) -> None:
    await tasks.insert(rows, [new_task()], keys=keys)
    (line,) = await newest(rows)
    assert line.session == keys.session_id
    assert not any(isinstance(getattr(line, name), bytes) for name in line.__slots__)


async def test_a_list_is_narrowed_by_what_is_named_and_read_page_by_page(
    rows: Database, tasks: Tasks, keys: GrantedKeys
) -> None:
    first, second, third = (
        replace(new_task(action=action, interview=interview), launched_at=NOW + timedelta(hours=hour))
        for hour, action, interview in ((1, "a", "x.yml"), (2, "b", "x.yml"), (3, "a", "y.yml"))
    )
    await tasks.insert(rows, [first, second, third], keys=keys)

    async def listed(**named: Any) -> list[str]:
        return [line.id for line in await newest(rows, **named)]

    assert await listed(action="a") == [third.task_id, first.task_id]
    assert await listed(interview="x.yml") == [second.task_id, first.task_id]
    assert await listed(session=keys.session_id, states=("pending", "running"), limit=1) == [third.task_id]
    assert await listed(session=new_id()) == []
    assert await listed(before=third.task_id, limit=1) == [second.task_id]
    assert await listed(older_than=timedelta(hours=1), now=NOW + timedelta(hours=3)) == [second.task_id, first.task_id]
    with pytest.raises(BadTaskId):
        await listed(session="a session's code")


async def test_a_task_has_a_story(rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys) -> None:
    task = new_task(time_limit_seconds=5.0)
    await tasks.insert(rows, [task], keys=keys)
    for _ in range(2):
        claim = await leases.claim(rows, task.task_id, owner="w7", lease_seconds=30)
        assert claim is not None
        await rows.execute("update tasks.tasks set due_at = now() - interval '1 second'")
    await leases.begin(rows, claim, lease_seconds=30)
    running = await story(rows, task.task_id)
    assert (running.worker, running.claims, running.time_limit_seconds) == ("w7", 2, 5.0)
    await leases.record_outcome(rows, claim, Outcome(kind="value"), payload=b"x")
    await tasks.finish(rows, task.task_id, 2, keys=keys, state="succeeded", now=NOW)
    told = await story(rows, task.task_id)
    assert [(event.what, event.claim) for event in told.events] == [
        ("queued", 0),
        ("leased", 1),
        ("leased", 2),
        ("begun", 2),
        ("reported", 2),
        ("succeeded", 2),
    ]
    assert sorted(event.at for event in told.events) == [event.at for event in told.events]
    with pytest.raises(NoSuchTask):
        await story(rows, new_id())


async def test_progress_is_in_the_story_at_every_tenth_and_leaves_room_for_the_end(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    task = new_task()
    await tasks.insert(rows, [task], keys=keys)
    claim = await leases.claim(rows, task.task_id, owner="w", lease_seconds=30)
    assert claim is not None
    for fraction in (None, 0.05, 0.07, 0.31, 0.39, 1.0):
        await leases.progress(rows, claim, fraction, "secret words")
    told = [event.what for event in (await story(rows, task.task_id)).events]
    assert told == ["queued", "leased", "progress 0 %", "progress 30 %", "progress 100 %"]
    for number in range(200):
        await leases.progress(rows, claim, number % 2, "")
    await leases.record_outcome(rows, claim, Outcome(kind="value"))
    assert [event.what for event in (await story(rows, task.task_id)).events][-1] == "reported"


async def test_an_operator_ends_a_task_as_a_failure_that_its_session_takes_in(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    task = new_task()
    await tasks.insert(rows, [task], keys=keys)
    claim = await leases.claim(rows, task.task_id, owner="w", lease_seconds=30)
    assert claim is not None
    moved = await revoke(rows, task.task_id, ring_seconds=900)
    assert (moved.session_id, moved.fencing, moved.say) == (keys.session_id, 2, "ended")
    with pytest.raises(StaleTask):
        await leases.record_outcome(rows, claim, Outcome(kind="value"), payload=b"too late")
    ended = await tasks.ended(rows, task.task_id)
    assert ended is not None
    assert ended.outcome.failure == REVOKED
    await tasks.finish(rows, task.task_id, 2, keys=keys, state="revoked", now=NOW, failure=REVOKED)
    with pytest.raises(TaskIsOver):
        await revoke(rows, task.task_id, ring_seconds=900)
    with pytest.raises(TaskIsOver):
        await ring_again(rows, task.task_id, ring_seconds=900)


async def test_a_task_is_rung_again_with_the_message_it_lacks(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    task = new_task(is_low_priority=True)
    await tasks.insert(rows, [task], keys=keys)
    assert (await ring_again(rows, task.task_id, ring_seconds=900)).say == "run_low"
    claim = await leases.claim(rows, task.task_id, owner="w", lease_seconds=30)
    assert claim is not None
    with pytest.raises(TaskRuns):
        await ring_again(rows, task.task_id, ring_seconds=900)
    await leases.record_outcome(rows, claim, Outcome(kind="value"), payload=b"x")
    assert (await ring_again(rows, task.task_id, ring_seconds=900)).say == "ended"


async def test_figures_count_what_has_not_ended(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    await tasks.insert(rows, [new_task() for _ in range(3)], keys=keys)
    assert await leases.claim_next(rows, is_low_priority=False, owner="w", lease_seconds=30) is not None
    assert {(each.state, each.is_low_priority): each.number for each in await figures(rows)} == {
        ("pending", False): 2,
        ("running", False): 1,
    }
    assert all(each.oldest_seconds > 0 for each in await figures(rows))
