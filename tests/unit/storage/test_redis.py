"""shared/storage/redis.py and listener.py on a real server and on the simulation."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.kernel.clock import ManualClock
from shared.storage.embedded_redis import EmbeddedRedis
from shared.storage.errors import RedisUnavailable
from shared.storage.redis import Redis, RedisRefused

GET_OR_SET = """
local found = redis.call('get', KEYS[1])
if found then return {0, found} end
redis.call('set', KEYS[1], ARGV[1])
return {1, ARGV[1]}
"""


@pytest.fixture(params=["redis-server", "simulation"])
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EmbeddedRedis]:
    server = EmbeddedRedis(data_dir=tmp_path, program=None if request.param == "redis-server" else "")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def redis(server: EmbeddedRedis) -> AsyncIterator[Redis]:
    redis = Redis(url=server.url)
    await redis.start()
    yield redis
    await redis.stop()


async def test_keys_are_set_read_and_deleted(redis: Redis) -> None:
    assert await redis.get("k") is None
    assert await redis.set("k", "v") is True
    assert await redis.set("k", "w", only_if_absent=True) is False
    assert await redis.get("k") == b"v"
    assert await redis.delete("k", "other") == 1


async def test_a_key_with_an_end_is_gone_after_it(redis: Redis) -> None:
    await redis.set("k", "v", expires_seconds=0.02)
    while await redis.get("k") is not None:
        await asyncio.sleep(0.01)
    assert await redis.expire("k", 5) is False


async def test_a_script_runs_also_after_the_server_forgot_it(redis: Redis) -> None:
    script = redis.script(GET_OR_SET)
    assert await script(keys=["k"], args=["first"]) == [1, b"first"]
    await redis.command("SCRIPT", "FLUSH")
    assert await script(keys=["k"], args=["second"]) == [0, b"first"]


async def test_a_script_with_a_mistake_is_refused_not_unavailable(redis: Redis) -> None:
    with pytest.raises(RedisRefused):
        await redis.script("return redis.call('no-such-command')")()
    assert await redis.problem() is None


async def test_what_is_published_after_entering_arrives_at_every_listener(redis: Redis) -> None:
    async with redis.listen("c") as first, redis.listen("c") as second, redis.listen("other") as other:
        await redis.publish("c", "hello")
        assert [await first.get(5), await second.get(5)] == [b"hello", b"hello"]
        assert await other.get(0.05) is None


async def test_a_listener_that_left_and_came_back_hears_again(redis: Redis) -> None:
    for number in range(20):
        async with redis.listen("c") as inbox:
            await redis.publish("c", str(number))
            assert await inbox.get(5) == str(number).encode()


async def test_many_may_enter_and_leave_one_channel_at_once(redis: Redis) -> None:
    async def once(number: int) -> bytes | None:
        async with redis.listen(f"c{number % 3}") as inbox:
            await redis.publish(f"c{number % 3}", "now")
            return await inbox.get(5)

    assert set(await asyncio.gather(*(once(number) for number in range(60)))) == {b"now"}


async def test_after_the_line_was_lost_listeners_are_woken_and_hear_on(redis: Redis) -> None:
    async with redis.listen("c") as inbox:
        wire = redis._listener._wire
        assert wire is not None
        await wire.close()
        assert await inbox.get(10) == b""
        await redis.publish("c", "still here")
        assert await inbox.get(5) == b"still here"


async def test_a_server_that_went_away_is_unavailable_and_a_problem(tmp_path: Path) -> None:
    server = EmbeddedRedis(data_dir=tmp_path)
    await server.start()
    redis = Redis(url=server.url)
    await redis.start()
    await server.stop()
    with pytest.raises(RedisUnavailable):
        await redis.get("k")
    assert await redis.problem() is not None
    await redis.stop()


async def test_a_paused_server_costs_one_wait_not_one_per_command(tmp_path: Path, clock: ManualClock) -> None:
    server = EmbeddedRedis(data_dir=tmp_path, program=None)
    await server.start()
    redis = Redis(url=server.url, command_seconds=0.1, clock=clock)
    await redis.start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGSTOP)
    try:
        with pytest.raises(RedisUnavailable, match="No answer within"):
            await redis.get("k")
        with pytest.raises(RedisUnavailable, match="a moment ago"):
            await redis.get("k")
        with pytest.raises(RedisUnavailable, match="a moment ago"):
            async with redis.listen("c"):
                pass
        await clock.advance(2.0)
        with pytest.raises(RedisUnavailable, match="No answer within"):
            await redis.get("k")
    finally:
        os.kill(server.pid, signal.SIGCONT)
    await clock.advance(2.0)
    assert await redis.get("k") is None
    await redis.stop()
    await server.stop()


async def test_starting_without_a_server_waits_and_then_says_what_to_do(clock: ManualClock) -> None:
    redis = Redis(url="redis://:hidden@127.0.0.1:1/0", wait_seconds=2.0, clock=clock)
    starting = asyncio.create_task(redis.start())
    while not starting.done():
        await asyncio.sleep(0.01)
        await clock.advance(0.5)
    with pytest.raises(RedisUnavailable) as caught:
        await starting
    assert "COLLOQUY_REDIS_URL" in str(caught.value)
    assert "hidden" not in str(caught.value)
