"""The session service dies at the worst moments: answers and tasks end right, once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from shared.contracts.session import SessionRequest, TurnReply
from tests.fault.cluster import Cluster, running_cluster
from tests.fault.rig import Browser, shown
from tests.fault.writers import all_tasks_ended, answer_of

pytestmark = [pytest.mark.fault, pytest.mark.timeout(180)]

MakeCluster = Callable[..., contextlib.AbstractAsyncContextManager[Cluster]]


@pytest.fixture
async def cluster(postgres_url: str, redis_url: str, amqp_url: str) -> AsyncIterator[Cluster]:
    async with running_cluster(
        postgres_url=postgres_url, redis_url=redis_url, amqp_url=amqp_url, lock_lease_seconds=0.5
    ) as running:
        yield running
        await running.database.execute("delete from tasks.tasks")


def impatient(cluster: Cluster) -> Browser:
    browser = Browser(cluster.bus)
    browser.timeout_seconds = 3.0
    return browser


async def answered_by_another(cluster: Cluster, browser: Browser, message: SessionRequest) -> TurnReply:
    """Send to the one process that will die of it; start another one then, and ask until it answers."""
    asking = asyncio.create_task(answer_of(browser, message))
    await cluster.processes[0].died()
    await cluster.add()
    return await asking


async def rows(cluster: Cluster, sql: str, *values: Any) -> int:
    return int(await cluster.database.fetchval(sql, *values))


async def test_killed_between_evaluation_and_commit_nothing_is_left_and_it_is_done_once(cluster: Cluster) -> None:
    await cluster.add(dies_at="evaluated", dies_on=2)
    browser = impatient(cluster)
    await browser.open()
    reply = await answered_by_another(cluster, browser, browser.post(token="a", launch="work", task={"token": "x"}))
    assert (reply.version, reply.steps, shown(reply)["log"]) == (2, 2, ["a"])
    assert await all_tasks_ended(cluster) == 1
    assert await browser.log() == ["a"]


async def test_killed_between_commit_and_publishing_the_first_outcome_is_given_and_the_task_is_run(
    cluster: Cluster,
) -> None:
    await cluster.add(dies_at="committed", dies_on=2)
    browser = impatient(cluster)
    await browser.open()
    task = {"response_action": {"token": "from-task"}}
    reply = await answered_by_another(cluster, browser, browser.post(token="a", launch="work", task=task))
    assert (reply.version, reply.steps, shown(reply)["log"]) == (2, 2, ["a"])
    assert await all_tasks_ended(cluster) == 1
    assert await browser.log() == ["a", "from-task"]


@pytest.mark.parametrize("moment", ["evaluated", "committed"])
async def test_killed_while_a_response_action_is_taken_in_it_is_taken_in_once(cluster: Cluster, moment: str) -> None:
    await cluster.add(dies_at=moment, dies_on=3)
    browser = impatient(cluster)
    await browser.open()
    task = {"response_action": {"token": "from-task"}}
    await answer_of(browser, browser.post(token="a", launch="work", task=task, mode="flash"))
    await cluster.processes[0].died()
    await cluster.add()
    assert await all_tasks_ended(cluster) == 1
    assert await browser.log() == ["a", "from-task"]
    told = await browser.check_in()
    assert told.commands is not None
    assert len(told.commands.value) == 1


async def test_killed_while_a_session_is_made_there_is_one_session(cluster: Cluster) -> None:
    await cluster.add(dies_at="committed", dies_on=1)
    browser = impatient(cluster)
    reply = await answered_by_another(cluster, browser, browser.opening(may_create=True))
    assert (reply.kind, reply.version, reply.created) == ("screen", 1, True)


async def test_killed_while_holding_the_lock_it_keeps_others_waiting_only_for_its_lease(cluster: Cluster) -> None:
    dying = await cluster.add(dies_at="evaluated", dies_on=2)
    browser = impatient(cluster)
    await browser.open()
    await cluster.add()
    replies = await asyncio.gather(*(answer_of(browser, browser.post(token=f"t{number}")) for number in range(6)))
    assert not dying.is_alive
    assert sorted(await browser.log()) == [f"t{number}" for number in range(6)]
    assert not any(reply.overtaken for reply in replies)
