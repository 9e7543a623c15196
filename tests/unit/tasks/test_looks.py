"""Tasks as a run sees them: one and those near it, as they stood in a version of the answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.kernel.ids import new_id
from shared.storage.database import Database
from shared.tasks.leases import Leases
from shared.tasks.records import NewTask, Outcome
from shared.tasks.sealing import GrantedKeys
from shared.tasks.store import Tasks

from .sessions import NOW, new_task


async def launch(rows: Database, tasks: Tasks, keys: GrantedKeys, count: int) -> list[NewTask]:
    """Tasks of one session, launched one after the other."""
    launched = [new_task(launched_at=NOW + timedelta(seconds=number)) for number in range(count)]
    await tasks.insert(rows, launched, keys=keys)
    return launched


@pytest.mark.parametrize(("place", "number", "seen"), [(0, 3, [0, 1]), (4, 3, [3, 4, 5]), (9, 4, [7, 8, 9])])
async def test_a_look_gives_a_task_and_those_launched_before_and_after_it(
    place: int, number: int, seen: list[int], rows: Database, tasks: Tasks, keys: GrantedKeys
) -> None:
    launched = await launch(rows, tasks, keys, 10)
    near = await tasks.pictures_near(rows, launched[place].task_id, keys=keys, version=1, number=number)
    assert {picture.task_id for picture in near} == {launched[one].task_id for one in seen}


async def test_a_task_whose_changes_are_in_a_later_version_still_runs_in_the_earlier_one(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    [task] = await launch(rows, tasks, keys, 1)
    claim = await leases.claim(rows, task.task_id, owner="w", lease_seconds=30)
    assert claim is not None
    await leases.record_outcome(rows, claim, Outcome(kind="response_action", action="save"))
    await tasks.finish(rows, task.task_id, claim.fencing, keys=keys, state="succeeded", now=NOW, version=7)
    states = []
    for version in (6, 7, 8):
        [picture] = await tasks.pictures_near(rows, task.task_id, keys=keys, version=version, number=1)
        states.append((picture.state, picture.ended_at is None))
    assert states == [("running", True), ("succeeded", False), ("succeeded", False)]


@pytest.mark.parametrize("task_id", ["", "nothing", "00000000-0000-4000-8000-000000000000"])
async def test_a_look_at_what_is_no_task_of_the_session_shows_nothing(
    task_id: str, rows: Database, tasks: Tasks, keys: GrantedKeys
) -> None:
    await launch(rows, tasks, GrantedKeys(new_id(), keys.by_generation), 1)
    assert await tasks.pictures_near(rows, task_id, keys=keys, version=1, number=5) == ()
    assert await tasks.pictures(rows, [task_id], keys=keys) == ()
    assert await tasks.result(rows, task_id, keys=keys) is None
    assert not await tasks.revoke(rows, task_id, session_id=keys.session_id, terminate=True, now=NOW)
