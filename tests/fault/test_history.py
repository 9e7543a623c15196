"""Histories of many writers under trouble: every acknowledged change is there once, in an order that explains all
answers.

The four seconds are scaled down to a fraction of one, so that many overtakings happen in a short time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.fault.append_page import AppendPage
from tests.fault.cluster import Cluster, running_cluster
from tests.fault.history import Answered, Seen, check
from tests.fault.rig import Browser
from tests.fault.writers import Journal, Writer, all_tasks_ended, freeze_now_and_then, kill_now_and_then

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

LOCK_WAIT_SECONDS = 0.15
SLOW_SECONDS = 0.35

MakeCluster = Callable[..., contextlib.AbstractAsyncContextManager[Cluster]]


@pytest.fixture
def make_cluster(postgres_url: str, redis_url: str, amqp_url: str) -> MakeCluster:
    @contextlib.asynccontextmanager
    async def make(*, processes: int = 2, **given: Any) -> AsyncIterator[Cluster]:
        given = {"lock_wait_seconds": LOCK_WAIT_SECONDS, "lock_lease_seconds": 0.5, **given}
        async with running_cluster(
            postgres_url=postgres_url, redis_url=redis_url, amqp_url=amqp_url, **given
        ) as cluster:
            await asyncio.gather(*(cluster.add() for _ in range(processes)))
            yield cluster

    return make


async def make_history(
    cluster: Cluster,
    *,
    writers: int,
    operations: int,
    slow_seconds: float = SLOW_SECONDS,
    browser: type[Browser] = Browser,
) -> Journal:
    """Let the writers loose on a new session, then check what they were answered."""
    journal = Journal()
    first = browser(cluster.bus)
    first.timeout_seconds = 5.0
    await first.open()
    pages = []
    for number in range(writers):
        page = first.joined_by(first.visitor)
        page.step, page.timeout_seconds = 1, 5.0
        pages.append(Writer(page, journal, chr(ord("a") + number), slow_seconds=slow_seconds))
    await asyncio.gather(*(page.work(operations) for page in pages))
    ended = await all_tasks_ended(cluster)
    await verify(cluster, first, journal, ended)
    return journal


async def verify(cluster: Cluster, browser: Browser, journal: Journal, ended_tasks: int) -> None:
    last = await browser.open(may_create=False)
    rows = await cluster.database.fetch("select operation_id from session.inbox where session_id = $1", last.session_id)
    committed = {row["operation_id"] for row in rows}
    answered, seen = list(journal.answered), list(journal.seen)
    for operation_id, reply in journal.backs.items():
        shown_log = browser.shown_log(reply)
        if operation_id in committed:
            answered.append(Answered("back", "", reply.version, shown_log))
        else:  # pressed on a step that was no longer the newest: it only showed the current screen
            seen.append(Seen(reply.version, shown_log))
    check(
        answered,
        seen,
        first_version=1,
        last=Seen(last.version, browser.shown_log(last)),
        task_tokens=frozenset(journal.task_tokens),
        ended_tasks=ended_tasks,
    )
    await cluster.database.execute("delete from tasks.tasks")


async def test_writers_on_two_processes(make_cluster: MakeCluster, rounds: int) -> None:
    async with make_cluster() as cluster:
        for _ in range(rounds):
            journal = await make_history(cluster, writers=6, operations=12)
            assert len(journal.answered) > 30


async def test_holders_that_sleep_past_the_limit_are_overtaken_and_lose_nothing(
    make_cluster: MakeCluster, rounds: int
) -> None:
    async with make_cluster(size=8) as cluster:
        overtaken = 0
        for _ in range(rounds):
            overtaken += (await make_history(cluster, writers=6, operations=8, slow_seconds=0.6)).overtaken
        assert overtaken > 0


async def test_processes_that_are_killed(make_cluster: MakeCluster, rounds: int) -> None:
    async with make_cluster() as cluster:
        killing = asyncio.create_task(kill_now_and_then(cluster, pause_seconds=0.5))
        for _ in range(rounds):
            await make_history(cluster, writers=5, operations=12)
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)
        assert cluster.kills > 0


async def test_a_redis_that_stands_still(make_cluster: MakeCluster, rounds: int) -> None:
    async with make_cluster() as cluster:
        freezing = asyncio.create_task(freeze_now_and_then(cluster, pause_seconds=0.5, frozen_seconds=1.0))
        for _ in range(rounds):
            await make_history(cluster, writers=6, operations=6)
        freezing.cancel()
        await asyncio.gather(freezing, return_exceptions=True)
        assert cluster.freezes > 0


@contextlib.asynccontextmanager
async def killing_and_freezing(cluster: Cluster) -> AsyncIterator[None]:
    """Processes are killed while Redis stands still, and while it does not; at least one of each before the end."""
    troubles = [
        asyncio.create_task(kill_now_and_then(cluster, pause_seconds=0.8)),
        asyncio.create_task(freeze_now_and_then(cluster, pause_seconds=0.6, frozen_seconds=1.0)),
    ]
    try:
        yield
        while not (cluster.kills and cluster.freezes):  # a quick machine: it is over before the first trouble
            await asyncio.sleep(0.05)
    finally:
        for trouble in troubles:
            trouble.cancel()
        ended = await asyncio.gather(*troubles, return_exceptions=True)
    assert all(isinstance(error, asyncio.CancelledError) for error in ended), ended
    assert cluster.kills > 0
    assert cluster.freezes > 0


async def test_processes_that_are_killed_while_redis_stands_still(make_cluster: MakeCluster, rounds: int) -> None:
    async with make_cluster() as cluster, killing_and_freezing(cluster):
        for _ in range(rounds):
            journal = await make_history(cluster, writers=5, operations=8)
            assert len(journal.answered) > 10


async def test_real_interviews_under_kills_and_a_redis_that_stands_still(
    make_cluster: MakeCluster, rounds: int
) -> None:
    """The engine of interviews, in interview processes that end with their service."""
    async with make_cluster(engine="interviews", size=2) as cluster, killing_and_freezing(cluster):
        for _ in range(rounds):
            journal = await make_history(cluster, writers=4, operations=12, browser=AppendPage)
            assert len(journal.answered) > 15


async def test_every_message_delivered_twice(make_cluster: MakeCluster, rounds: int) -> None:
    async with make_cluster(deliver_twice=True) as cluster:
        for _ in range(rounds):
            await make_history(cluster, writers=5, operations=10)


async def test_real_interview_processes_and_a_pool_of_one(make_cluster: MakeCluster, rounds: int) -> None:
    async with make_cluster(engine="pool", size=1) as cluster:
        for _ in range(rounds):
            await make_history(cluster, writers=4, operations=6, slow_seconds=0.3)
