"""Everything is killed at random while tasks of all outcomes run: at the end each has ended exactly once.

Short in the whole suite; `make test-faults` makes it long: 1000 tasks, 200 kills. `-s` shows the figures.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.storage.database import Database
from tests.fault.conftest import INTERVIEWS, OPERATOR_TOKEN
from tests.fault.own_servers import own_broker, own_postgres, own_redis
from tests.fault.storm import Operator, Storm, StormyPage
from tests.sites import Site, service_command, site_on

pytestmark = [pytest.mark.fault, pytest.mark.timeout(3000)]

TASKS_A_ROUND, KILLS_A_ROUND = 50, 10
BATCH = 5
PAGES = 10
NOTED_WAYS = ("response", "handled failure", "slow response")
WAYS = ("value", "response", "failure", "handled failure", "question", "slow response")
BY_THE_SERVER = ("WorkerLost", "TaskRevokedError")
EXPECTED = {
    "value": None,
    "response": None,
    "failure": "ZeroDivisionError",
    "handled failure": "ZeroDivisionError",
    "question": "QuestionError",
    "slow response": None,
}


@contextlib.asynccontextmanager
async def weather(folder: Path, redis_url: str, amqp_url: str, *, is_long: bool) -> AsyncIterator[Storm]:
    """A whole system on servers of its own, and the one who kills."""
    names = ("gateway", "session 1", "session 2", "worker 1", "worker 2")
    async with (
        own_postgres(folder / "p") as postgres,
        own_redis(redis_url) as redis,
        own_broker(amqp_url, is_killed=is_long) as broker,
    ):
        started = site_on(
            folder,
            interviews=[INTERVIEWS],
            commands={name: service_command(name.split()[0]) for name in names},
            database_url=postgres.url,
            redis_url=redis.url,
            amqp_url=broker.url,
            environment={
                "COLLOQUY_OPERATOR_TOKEN": OPERATOR_TOKEN,
                "COLLOQUY_INTERVIEW_PROCESSES": "1",
                "COLLOQUY_WORKER_CONCURRENCY": "3",
                "COLLOQUY_WORKER_PROCESSES": "2",
                "COLLOQUY_TASK_LEASE_SECONDS": "3",
                "COLLOQUY_OVERDUE_SECONDS": "0.5",
            },
        )
        site = await asyncio.to_thread(started.__enter__)  # in a thread: the line to the broker runs in this one
        storm = Storm(site, {"postgres": postgres, "redis": redis, "rabbit": broker})
        keeper = asyncio.create_task(storm.keep_up())
        try:
            yield storm
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            await asyncio.to_thread(started.__exit__, None, None, None)


async def test_every_task_ends_exactly_once_whatever_is_killed(
    tmp_path_factory: pytest.TempPathFactory, redis_url: str, amqp_url: str, rounds: int
) -> None:
    wanted, kills = TASKS_A_ROUND * rounds, KILLS_A_ROUND * rounds
    began = time.monotonic()
    async with weather(tmp_path_factory.mktemp("s"), redis_url, amqp_url, is_long=rounds > 1) as storm:
        pages = [StormyPage(storm.site, "storm") for _ in range(PAGES)]
        operator = Operator(storm.site, OPERATOR_TOKEN)
        await asyncio.gather(*(page.insist(page.open) for page in pages))
        posts: list[asyncio.Task[None]] = []
        for number in range(kills):
            while len(posts) * BATCH < wanted * (number + 1) / kills:
                posts.append(asyncio.create_task(pages[len(posts) % PAGES].launch(BATCH)))
            await storm.pause()
            if number % 5 == 4:
                await operator.revoke_one()
            await storm.hit()
        await asyncio.gather(*posts)
        told = await asyncio.gather(*(page.told_of_all() for page in pages))
        took = time.monotonic() - began
        await operator.close()

        assert sum(page.launched for page in pages) == wanted
        ends: Counter[str] = Counter()
        for page, notices in zip(pages, told, strict=True):
            assert set(notices.values()) == {1}
            ends += await checked(page)
        await nothing_is_left(storm.site, wanted)
        assert ends["TaskRevokedError"] == len(operator.revoked)
    print(f"{wanted} tasks, {storm.kills.total()} kills {dict(storm.kills)} in {took:.0f} s: {dict(ends)}")
    print(f"ended by themselves: {dict(storm.ended_by_themselves)}")


async def checked(page: StormyPage) -> Counter[str]:
    """Hold the answers of one session to what its tasks were to do; how they ended."""
    await page.insist(lambda: page.submit(batch="0"))
    works, noted = tell(page)
    assert len(works) == page.launched
    ends: Counter[str] = Counter()
    for number, (is_ready, has_failed, error, value, message) in enumerate(works):
        way = WAYS[number % len(WAYS)]
        assert is_ready
        assert has_failed == (error is not None)
        assert error == EXPECTED[way] or error in BY_THE_SERVER, (way, error, message)
        is_noted = way in NOTED_WAYS and error == EXPECTED[way]
        assert noted.count(number) == int(is_noted), (way, error, noted.count(number))
        assert value == (number if is_noted or (way == "value" and error is None) else None)
        ends[error or "value"] += 1
    return ends


def tell(page: StormyPage) -> tuple[Any, Any]:
    """The two lists on the last screen."""
    decoder = json.JSONDecoder()
    works, end = decoder.raw_decode(page.text)
    noted, _ = decoder.raw_decode(page.text[end:].strip())
    return works, noted


async def nothing_is_left(site: Site, wanted: int) -> None:
    """Every task has ended, no grant outlives its task, no message was given up."""
    database = Database(url=site.environment["COLLOQUY_DATABASE_URL"], minimum=1, maximum=1)
    await database.start()
    try:
        assert await database.fetchval("select count(*) from tasks.tasks where ended_at is not null") == wanted
        assert await database.fetchval("select count(*) from tasks.tasks") == wanted
        assert await database.fetchval("select count(*) from tasks.grants") == 0
        assert await database.fetchval("select count(*) from bus.dead_letters") == 0
    finally:
        await database.stop()
