"""Turns that wait for a task are woken when it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from services.session.task_ends import TaskEnds
from shared.kernel.clock import SystemClock
from shared.storage.redis import Redis


class Patient:
    """A clock that notes for how long somebody sleeps, and lets them go on at once."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return SystemClock().now()

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis(url=redis_url)
    await client.start()
    yield client
    await client.stop()


async def test_who_waits_is_woken_by_its_own_task_and_no_other(redis: Redis) -> None:
    ends = TaskEnds(redis=redis, clock=SystemClock(), longest_seconds=3600.0)
    async with ends.hear("task-1") as ear:
        woken = asyncio.create_task(ear.until_worth_a_look())
        ends.tell(["task-2", "task-3"])
        await ends.stop()
        done, _ = await asyncio.wait([woken], timeout=0.1)
        assert not done
        ends.tell(["task-4", "task-1"])
        async with asyncio.timeout(60):
            await woken
    await ends.stop()


async def test_what_was_said_before_the_look_is_not_missed(redis: Redis) -> None:
    ends = TaskEnds(redis=redis, clock=SystemClock(), longest_seconds=3600.0)
    async with ends.hear("task-1") as ear:
        ends.tell(["task-1"])
        await ends.stop()
        async with asyncio.timeout(60):
            await ear.until_worth_a_look()


async def test_without_a_word_it_is_time_to_look_after_a_while(redis: Redis) -> None:
    ends = TaskEnds(redis=redis, clock=SystemClock(), longest_seconds=0.01)
    async with ends.hear("task-1") as ear, asyncio.timeout(60):
        await ear.until_worth_a_look()


async def test_while_redis_is_away_one_looks_now_and_then() -> None:
    clock = Patient()
    ends = TaskEnds(redis=Redis(url="redis://127.0.0.1:1"), clock=clock)
    async with ends.hear("task-1") as ear:
        for _ in range(12):
            await ear.until_worth_a_look()
    ends.tell(["task-1"])
    await ends.stop()
    assert clock.slept == sorted(clock.slept)
    assert (clock.slept[0], clock.slept[-1]) == (0.01, 0.25)
