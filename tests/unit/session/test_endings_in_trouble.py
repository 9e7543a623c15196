"""Results that cannot be taken in: the task fails, and nobody waits for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.session.checkpoint import Moment
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import SessionId
from tests.fault.append_engine import AppendEvaluator
from tests.fault.rig import Browser, Rig, running_rig
from tests.unit.session.test_background import ended, launch


class Broken(AppendEvaluator):
    """Has a mistake in it, once."""

    def __init__(self) -> None:
        super().__init__()
        self.mistakes: list[Exception] = []

    async def run(self, *given: Any, **named: Any) -> Any:
        if self.mistakes:
            raise self.mistakes.pop()
        return await super().run(*given, **named)


class Meanwhile:
    """Has something done in the middle of the next turn."""

    def __init__(self) -> None:
        self.todo: list[Any] = []

    async def reached(self, moment: Moment, session_id: SessionId) -> None:
        if moment == "evaluated" and self.todo:
            await self.todo.pop()()


@pytest.fixture
def evaluator() -> Broken:
    return Broken()


@pytest.fixture
def meanwhile() -> Meanwhile:
    return Meanwhile()


@pytest.fixture
async def rig(
    postgres_url: str, redis_url: str, server_keys: ServerKeys, evaluator: Broken, meanwhile: Meanwhile
) -> AsyncIterator[Rig]:
    async with running_rig(
        postgres_url, redis_url, server_keys, evaluator=evaluator, checkpoint=meanwhile, has_worker=True
    ) as running:
        yield running


async def test_a_mistake_of_the_server_in_a_response_action_fails_the_task(
    browser: Browser, rig: Rig, evaluator: Broken
) -> None:
    await browser.open()
    task = {"sleep": 0.2, "response_action": {"token": "t"}}
    task_id = await launch(browser, task)
    evaluator.mistakes.append(RuntimeError("an answer"))
    assert await ended(rig, task_id) == "failed"
    assert await browser.log() == []
    assert not rig.letters.letters


async def test_a_task_that_cannot_be_opened_any_more_fails(browser: Browser, rig: Rig) -> None:
    await browser.open()
    task_id = await launch(browser, {"sleep": 0.2, "token": "t"})
    while await rig.database.fetchval("select state from tasks.tasks where id = $1", task_id) == "pending":
        await SystemClock().sleep(0.01)
    await rig.database.execute("update tasks.tasks set visitor_sealed = 'damaged' where id = $1", task_id)
    assert await ended(rig, task_id) == "failed"


async def test_a_task_that_would_end_a_session_it_may_not_open_fails(browser: Browser, rig: Rig) -> None:
    reply = await browser.open()
    task_id = await launch(browser, {"sleep": 0.2, "ends_session": "yes"})
    close = "update session.sessions set generation = generation + 1 where id = $1"
    await rig.database.execute(close, reply.session_id)
    assert await ended(rig, task_id) == "failed"


async def test_starting_over_ends_also_a_task_that_another_one_has_launched_meanwhile(
    browser: Browser, rig: Rig, meanwhile: Meanwhile
) -> None:
    await browser.open()
    first = await launch(browser, {"sleep": 60})
    other = "11111111-1111-4111-8111-111111111111"

    async def launch_another() -> None:
        columns = "session_id, action, arguments_sealed, visitor_sealed, audience, launched_at"
        copy = f"insert into tasks.tasks (id, {columns}) select $1, {columns} from tasks.tasks where id = $2"
        await rig.database.execute(copy, other, first)

    meanwhile.todo.append(launch_another)
    await browser.end("restart")
    states = await rig.database.fetch("select state from tasks.tasks where id = any($1::uuid[])", [first, other])
    assert [row["state"] for row in states] == ["revoked", "revoked"]
