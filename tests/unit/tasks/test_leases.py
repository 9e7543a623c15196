"""The worker's side of tasks."""

from __future__ import annotations

import asyncio

import pytest

from shared.crypto.keys import ServerKeys
from shared.kernel.ids import random_bytes
from shared.storage.database import Database
from shared.tasks.leases import MOST_CLAIMS, Claim, KeyLost, Leases, Overdue
from shared.tasks.records import Outcome, StaleTask
from shared.tasks.sealing import GrantedKeys
from shared.tasks.store import Tasks

from .sessions import new_task, pictures_of


@pytest.fixture
async def task_id(rows: Database, tasks: Tasks, keys: GrantedKeys) -> str:
    """A task that waits for a worker."""
    task = new_task()
    await tasks.insert(rows, [task], keys=keys)
    return task.task_id


async def taken(rows: Database, leases: Leases, task_id: str, owner: str = "w") -> Claim:
    claim = await leases.claim(rows, task_id, owner=owner, lease_seconds=30)
    assert claim is not None
    return claim


async def test_a_task_tells_its_progress_while_it_runs(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys, task_id: str
) -> None:
    claim = await taken(rows, leases, task_id)
    await leases.progress(rows, claim, 0.5, "half of Ada's letters")
    [picture] = await pictures_of(rows, tasks, keys)
    assert (picture.progress, picture.progress_message) == (0.5, "half of Ada's letters")
    stored = await rows.fetchrow("select * from tasks.tasks where id = $1", task_id)
    assert stored is not None
    assert b"Ada" not in b"".join(value for value in stored.values() if isinstance(value, bytes))
    await leases.give_back(rows, claim, after_seconds=30)
    [picture] = await pictures_of(rows, tasks, keys)
    assert (picture.progress, picture.progress_message) == (None, "")
    with pytest.raises(StaleTask):
        await leases.progress(rows, claim, 0.6, "")


async def test_progress_that_a_visitor_cannot_open_has_no_words(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys, task_id: str
) -> None:
    await leases.progress(rows, await taken(rows, leases, task_id), 0.5, "half")
    [picture] = await pictures_of(rows, tasks, GrantedKeys(keys.session_id, {1: random_bytes(32)}))
    assert (picture.progress, picture.progress_message) == (0.5, "")


async def let_time_pass(rows: Database) -> None:
    """Move every due moment into the past."""
    await rows.execute("update tasks.tasks set due_at = now() - interval '1 second' where due_at is not null")


async def test_one_of_many_workers_gets_a_task(rows: Database, leases: Leases, task_id: str) -> None:
    claims = await asyncio.gather(
        *(leases.claim(rows, task_id, owner=f"w{number}", lease_seconds=30) for number in range(5))
    )
    [claim] = [claim for claim in claims if claim is not None]
    assert (claim.fencing, claim.action, claim.arguments) == (1, "look_up", b"pickled arguments")
    assert (claim.user.the_user_id, claim.request.client_ip) == ("t7", "203.0.113.9")


async def test_a_task_that_had_not_begun_is_taken_over_when_its_lease_ends(
    rows: Database, leases: Leases, task_id: str
) -> None:
    first = await taken(rows, leases, task_id)
    await let_time_pass(rows)
    second = await taken(rows, leases, task_id, "other")
    assert second.fencing == 2
    with pytest.raises(StaleTask):
        await leases.begin(rows, first, lease_seconds=30)
    with pytest.raises(StaleTask):
        await leases.renew(rows, first, lease_seconds=30)
    with pytest.raises(StaleTask):
        await leases.record_outcome(rows, first, Outcome(kind="value"), payload=b"x")
    await leases.begin(rows, second, lease_seconds=30)


async def test_a_task_that_had_begun_is_never_run_again(
    rows: Database, tasks: Tasks, leases: Leases, task_id: str
) -> None:
    claim = await taken(rows, leases, task_id)
    await leases.begin(rows, claim, lease_seconds=30)
    await let_time_pass(rows)
    assert await leases.claim(rows, task_id, owner="other", lease_seconds=30) is None
    assert await leases.take_overdue(rows) == [Overdue(task_id, claim.session_id, 1, "ended", True)]
    ended = await tasks.ended(rows, task_id)
    assert ended is not None
    assert ended.outcome.failure is not None
    assert ended.outcome.failure.error_type == "WorkerLost"
    with pytest.raises(StaleTask):
        await leases.record_outcome(rows, claim, Outcome(kind="value"), payload=b"after all")


async def test_a_renewed_lease_is_not_taken_over(rows: Database, leases: Leases, task_id: str) -> None:
    claim = await taken(rows, leases, task_id)
    await leases.begin(rows, claim, lease_seconds=30)
    await let_time_pass(rows)
    await leases.renew(rows, claim, lease_seconds=30)
    assert await leases.take_overdue(rows) == []


async def test_an_abandoned_task_that_had_not_begun_is_rung_for_again(
    rows: Database, leases: Leases, task_id: str
) -> None:
    claim = await taken(rows, leases, task_id)
    await let_time_pass(rows)
    assert await leases.take_overdue(rows) == [Overdue(task_id, claim.session_id, 1, "run", False)]
    assert (await taken(rows, leases, task_id, "other")).fencing == 2


async def test_a_task_that_ends_its_workers_fails_after_some_claims(
    rows: Database, leases: Leases, task_id: str
) -> None:
    for _ in range(MOST_CLAIMS):
        await taken(rows, leases, task_id)
        await let_time_pass(rows)
    [overdue] = await leases.take_overdue(rows)
    assert (overdue.say, overdue.was_lost) == ("ended", True)


async def test_a_lost_doorbell_is_rung_again_and_less_often_each_time(
    rows: Database, leases: Leases, task_id: str
) -> None:
    assert await leases.take_overdue(rows) == []
    waits = []
    for _ in range(3):
        await let_time_pass(rows)
        [overdue] = await leases.take_overdue(rows)
        assert overdue.say == "run"
        waits.append(await rows.fetchval("select round(extract(epoch from due_at - now())) from tasks.tasks"))
    assert [round(float(wait) / 900) for wait in waits] == [1, 2, 4]


async def test_a_lost_report_is_sent_again(rows: Database, leases: Leases, task_id: str) -> None:
    claim = await taken(rows, leases, task_id)
    await leases.begin(rows, claim, lease_seconds=30)
    await leases.record_outcome(rows, claim, Outcome(kind="value"), payload=b"x")
    await let_time_pass(rows)
    assert await leases.take_overdue(rows) == [Overdue(task_id, claim.session_id, 1, "ended", False)]


async def test_a_task_of_low_priority_is_rung_for_in_its_own_queue(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    await tasks.insert(rows, [new_task(is_low_priority=True)], keys=keys)
    await let_time_pass(rows)
    assert [overdue.say for overdue in await leases.take_overdue(rows)] == ["run_low"]


async def test_a_task_that_was_given_back_waits_for_the_next_worker(
    rows: Database, leases: Leases, task_id: str
) -> None:
    claim = await taken(rows, leases, task_id)
    await leases.give_back(rows, claim, after_seconds=1)
    with pytest.raises(StaleTask):
        await leases.renew(rows, claim, lease_seconds=30)
    assert (await taken(rows, leases, task_id, "other")).fencing == 2


async def test_a_grant_that_does_not_open_says_so_with_the_fencing_number(rows: Database, task_id: str) -> None:
    elsewhere = Leases(server_keys=ServerKeys([("k2", random_bytes(32))]))
    with pytest.raises(KeyLost) as caught:
        await elsewhere.claim(rows, task_id, owner="w", lease_seconds=30)
    assert caught.value.fencing == 1
