"""A server without room says so; ends of tasks come again instead."""

from __future__ import annotations

import asyncio
from typing import Any

from shared.crypto.keys import ServerKeys
from shared.evaluation.port import PoolBusy, ProcessDied
from tests.fault.append_engine import AppendEvaluator
from tests.fault.rig import Browser, running_rig, shown


class Troubled(AppendEvaluator):
    """Fails so many times before it works."""

    def __init__(self, *troubles: Exception) -> None:
        super().__init__()
        self.troubles = list(troubles)

    async def run(self, *given: Any, **named: Any) -> Any:
        if self.troubles:
            raise self.troubles.pop(0)
        return await super().run(*given, **named)


async def test_a_full_pool_is_busy_and_the_same_operation_works_later(
    postgres_url: str, redis_url: str, server_keys: ServerKeys
) -> None:
    evaluator = Troubled()
    async with running_rig(postgres_url, redis_url, server_keys, evaluator=evaluator) as rig:
        browser = Browser(rig.bus)
        await browser.open()
        evaluator.troubles.append(PoolBusy())
        message = browser.post(token="a")
        assert (await browser.send(message)).kind == "busy"
        assert shown(await browser.send(message))["log"] == ["a"]


async def test_an_interview_process_that_died_is_tried_once_more(
    postgres_url: str, redis_url: str, server_keys: ServerKeys
) -> None:
    evaluator = Troubled()
    async with running_rig(postgres_url, redis_url, server_keys, evaluator=evaluator) as rig:
        browser = Browser(rig.bus)
        await browser.open()
        evaluator.troubles.append(ProcessDied())
        assert shown(await browser.submit(token="a"))["log"] == ["a"]
        evaluator.troubles.extend([ProcessDied(), ProcessDied()])
        assert (await browser.submit(token="b")).kind == "problem"
        assert await browser.log() == ["a"]


async def test_the_end_of_a_task_waits_for_room(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> None:
    evaluator = Troubled()
    async with running_rig(postgres_url, redis_url, server_keys, evaluator=evaluator, has_worker=True) as rig:
        browser = Browser(rig.bus)
        await browser.open()
        await browser.submit(launch="work", task={"sleep": 0.2, "response_action": {"token": "t"}})
        evaluator.troubles.append(PoolBusy())
        while await rig.database.fetchval("select count(*) from tasks.tasks where ended_at is null"):
            await asyncio.sleep(0.02)
        assert await browser.log() == ["t"]
