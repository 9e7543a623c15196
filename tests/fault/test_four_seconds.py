"""The four-second rule in earnest: a holder sleeps ten seconds, the next request answers after about four."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from tests.fault.cluster import running_cluster
from tests.fault.rig import Browser, shown

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.timeout(120)]


async def test_the_second_request_goes_on_and_both_changes_are_in_the_answers(
    postgres_url: str, redis_url: str, amqp_url: str
) -> None:
    async with running_cluster(postgres_url=postgres_url, redis_url=redis_url, amqp_url=amqp_url) as cluster:
        await asyncio.gather(cluster.add(), cluster.add())
        browser = Browser(cluster.bus)
        await browser.open()
        await _until_the_lock(redis_url, is_held=False)
        slow = asyncio.create_task(browser.submit(token="slow", sleep_at_first="10"))
        await _until_the_lock(redis_url, is_held=True)
        waiting = asyncio.create_task(browser.submit(token="fast"))
        await asyncio.sleep(2.5)
        assert not waiting.done(), "it waits for the holder first"
        fast = await waiting
        assert fast.overtaken
        assert not slow.done(), "it did not wait until the holder was done"
        assert shown(fast)["log"] == ["fast"]
        assert shown(await slow)["log"] == ["fast", "slow"]


async def _until_the_lock(redis_url: str, *, is_held: bool) -> None:
    async with Redis.from_url(redis_url) as redis, asyncio.timeout(60):
        while bool(await redis.keys("colloquy:lock:*}")) is not is_held:
            await asyncio.sleep(0.02)
