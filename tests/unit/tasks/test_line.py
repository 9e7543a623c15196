"""Who runs next: a session with thousands of tasks does not keep others waiting, and is not kept waiting for ever."""

from __future__ import annotations

import json
from typing import Any

from shared.crypto.envelope import new_data_key
from shared.kernel.ids import new_id
from shared.storage.database import Database
from shared.tasks.leases import Claim, Leases
from shared.tasks.records import NewTask
from shared.tasks.sealing import GrantedKeys
from shared.tasks.store import Tasks

from .sessions import new_task


def a_session() -> GrantedKeys:
    return GrantedKeys(new_id(), {1: new_data_key()})


async def launch(rows: Database, tasks: Tasks, keys: GrantedKeys, count: int = 1, **facts: Any) -> list[NewTask]:
    launched = [new_task(**facts) for _ in range(count)]
    await tasks.insert(rows, launched, keys=keys)
    return launched


async def next_claim(rows: Database, leases: Leases, *, is_low_priority: bool = False, **besides: Any) -> Claim | None:
    return await leases.claim_next(rows, is_low_priority=is_low_priority, owner="w", lease_seconds=30, **besides)


async def next_session(rows: Database, leases: Leases, **besides: Any) -> str | None:
    claim = await next_claim(rows, leases, **besides)
    return claim.session_id if claim else None


async def story(rows: Database, task_id: str) -> list[str]:
    history = await rows.fetchval("select history::text from tasks.tasks where id = $1", task_id)
    return [f"{event['what']} {event['claim']}" for event in json.loads(history)]


async def test_tasks_of_one_session_run_in_the_order_of_their_launch(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    launched = [task for _ in range(2) for task in await launch(rows, tasks, keys, 3)]
    claims = [await next_claim(rows, leases) for _ in range(7)]
    assert [claim and claim.task_id for claim in claims] == [*(task.task_id for task in launched), None]


async def test_a_newcomer_goes_before_the_rest_of_a_thousand(rows: Database, tasks: Tasks, leases: Leases) -> None:
    crowd, newcomer = a_session(), a_session()
    await launch(rows, tasks, crowd, 1000)
    assert await next_session(rows, leases) == crowd.session_id
    await launch(rows, tasks, newcomer)
    assert await next_session(rows, leases) == newcomer.session_id
    assert await next_session(rows, leases) == crowd.session_id


async def test_newcomers_without_end_do_not_keep_a_crowd_waiting_for_ever(
    rows: Database, tasks: Tasks, leases: Leases
) -> None:
    crowd = a_session()
    await launch(rows, tasks, crowd, 10)
    await rows.execute("update tasks.tasks set turn_at = turn_at - interval '1 hour'")  # an hour has passed
    await launch(rows, tasks, a_session())
    assert [await next_session(rows, leases) for _ in range(10)] == [crowd.session_id] * 10


async def test_a_session_that_has_been_served_starts_again_like_anybody(
    rows: Database, tasks: Tasks, leases: Leases
) -> None:
    crowd, other = a_session(), a_session()
    await launch(rows, tasks, crowd, 100)
    while await next_claim(rows, leases):
        pass
    await launch(rows, tasks, crowd)
    await launch(rows, tasks, other)
    assert await next_session(rows, leases) == crowd.session_id


async def test_two_workers_do_not_get_the_same_task(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    await launch(rows, tasks, keys, 2)
    async with rows.transaction() as one, rows.transaction() as other:
        claims = [
            await leases.claim_next(each, is_low_priority=False, owner="w", lease_seconds=30) for each in (one, other)
        ]
        assert len({claim.task_id for claim in claims if claim}) == 2


async def test_sessions_and_interviews_that_run_enough_are_passed_over(
    rows: Database, tasks: Tasks, leases: Leases
) -> None:
    first, second, third = a_session(), a_session(), a_session()
    await launch(rows, tasks, first, interview="a:data/questions/a.yml")
    await launch(rows, tasks, second, interview="a:data/questions/b.yml")
    await launch(rows, tasks, third, interview="a:data/questions/c.yml")
    besides = {"besides_sessions": [first.session_id], "besides_interviews": ["a:data/questions/b.yml"]}
    assert await next_session(rows, leases, **besides) == third.session_id
    assert await next_session(rows, leases, **besides) is None
    assert await next_session(rows, leases) == first.session_id


async def test_each_priority_has_a_line_of_its_own(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    [low] = await launch(rows, tasks, keys, is_low_priority=True)
    assert await next_claim(rows, leases) is None
    claim = await next_claim(rows, leases, is_low_priority=True)
    assert claim is not None
    assert (claim.task_id, claim.is_low_priority) == (low.task_id, True)


async def test_a_claim_tells_what_the_author_allows(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    await launch(rows, tasks, keys, time_limit_seconds=1.5, is_idempotent=True, interview="a:data/questions/a.yml")
    claim = await next_claim(rows, leases)
    assert claim is not None
    told = (claim.time_limit_seconds, claim.is_idempotent, claim.interview)
    assert told == (1.5, True, "a:data/questions/a.yml")


async def test_an_idempotent_task_that_had_begun_is_taken_over(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    [task] = await launch(rows, tasks, keys, is_idempotent=True)
    first = await next_claim(rows, leases)
    assert first is not None
    await leases.begin(rows, first, lease_seconds=30)
    await rows.execute("update tasks.tasks set due_at = now() - interval '1 second'")
    [overdue] = await leases.take_overdue(rows)
    assert (overdue.say, overdue.was_lost) == ("run", False)
    second = await next_claim(rows, leases)
    assert second is not None
    assert (second.task_id, second.fencing) == (task.task_id, 2)
    assert await story(rows, task.task_id) == [
        "queued 0",
        "leased 1",
        "begun 1",
        "taken from a lost worker 1",
        "leased 2",
    ]


async def test_an_idempotent_task_that_had_begun_can_be_handed_back(
    rows: Database, tasks: Tasks, leases: Leases, keys: GrantedKeys
) -> None:
    [task] = await launch(rows, tasks, keys, is_idempotent=True)
    claim = await next_claim(rows, leases)
    assert claim is not None
    await leases.begin(rows, claim, lease_seconds=30)
    await leases.give_back(rows, claim, after_seconds=0)
    assert await story(rows, task.task_id) == ["queued 0", "leased 1", "begun 1", "handed back 1"]
    assert await next_claim(rows, leases) is not None
