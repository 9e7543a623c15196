"""SessionLockService on a real Redis: owner tokens, order, the four-second rule, and life without Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from services.session.lock import Lease, SessionLockService
from shared.kernel.clock import ManualClock, SystemClock
from shared.kernel.ids import SessionId, new_id
from shared.storage.embedded_redis import EmbeddedRedis
from shared.storage.redis import Redis
from tests.servers import in_thread


@pytest.fixture(scope="module", params=["redis-server", "simulation"])
def some_redis_url(
    request: pytest.FixtureRequest, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The Redis of the test run, and the simulation for machines that have none."""
    if request.param == "redis-server":
        yield redis_url
        return
    server = EmbeddedRedis(data_dir=tmp_path_factory.mktemp("simulation"), program="", ends_with_us=False)
    in_thread(server.start)
    yield server.url
    in_thread(server.stop)


@pytest.fixture
async def redis(some_redis_url: str) -> AsyncIterator[Redis]:
    client = Redis(url=some_redis_url)
    await client.start()
    yield client
    await client.stop()


@pytest.fixture
async def lock(redis: Redis) -> AsyncIterator[SessionLockService]:
    service = SessionLockService(redis=redis, clock=SystemClock(), wait_seconds=4.0)
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
def session_id() -> SessionId:
    return SessionId(new_id())


async def eventually_waiting(redis: Redis, session_id: SessionId, count: int) -> None:
    while await redis.command("LLEN", f"colloquy:lock:{{{session_id}}}:queue") != count:
        await asyncio.sleep(0.005)


async def test_a_free_session_is_taken_at_once(lock: SessionLockService, session_id: SessionId) -> None:
    lease = await lock.acquire(session_id)
    assert lease.is_guarded
    assert not lease.has_overtaken


async def test_sessions_do_not_wait_for_each_other(lock: SessionLockService) -> None:
    first = await lock.acquire(SessionId(new_id()))
    second = await lock.acquire(SessionId(new_id()))
    assert not first.has_overtaken
    assert not second.has_overtaken


async def test_waiters_are_served_in_the_order_they_came(
    lock: SessionLockService, redis: Redis, session_id: SessionId
) -> None:
    order: list[int] = []

    async def turn(number: int) -> None:
        lease = await lock.acquire(session_id)
        order.append(number)
        await asyncio.sleep(0)
        lock.release(lease)

    holder = await lock.acquire(session_id)
    waiters = []
    for number in range(5):
        waiters.append(asyncio.create_task(turn(number)))
        await eventually_waiting(redis, session_id, number + 1)
    assert order == []
    lock.release(holder)
    await asyncio.gather(*waiters)
    assert order == [0, 1, 2, 3, 4]


async def test_only_one_of_many_holds_the_lock(redis: Redis, session_id: SessionId) -> None:
    services = [SessionLockService(redis=redis, clock=SystemClock()) for _ in range(3)]
    for service in services:
        await service.start()
    inside = 0
    most = 0

    async def turn(service: SessionLockService) -> None:
        nonlocal inside, most
        lease = await service.acquire(session_id)
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.001)
        inside -= 1
        service.release(lease)

    await asyncio.gather(*(turn(services[number % 3]) for number in range(60)))
    for service in services:
        await service.stop()
    assert most == 1


async def test_a_waiting_turn_proceeds_after_four_seconds(redis: Redis, session_id: SessionId) -> None:
    clock = ManualClock()
    lock = SessionLockService(redis=redis, clock=clock, wait_seconds=4.0)
    await lock.start()
    await lock.acquire(session_id)
    waiting = asyncio.create_task(lock.acquire(session_id))
    await eventually_waiting(redis, session_id, 1)
    while not waiting.done() and clock.monotonic() < 3.9:
        await clock.advance(0.1)
        await asyncio.sleep(0.002)
    assert not waiting.done()
    await clock.advance(0.2)
    lease = await waiting
    assert lease.has_overtaken
    assert lease.waited_seconds >= 4.0
    await lock.stop()


async def test_the_release_of_one_that_was_overtaken_leaves_the_lock_with_its_new_holder(
    redis: Redis, session_id: SessionId
) -> None:
    lock = SessionLockService(redis=redis, clock=SystemClock(), wait_seconds=0.05)
    await lock.start()
    slow = await lock.acquire(session_id)
    fast = await lock.acquire(session_id)
    assert fast.has_overtaken
    lock.release(slow)
    next_one = await lock.acquire(session_id)
    assert next_one.has_overtaken, "the overtaker held the lock until the next waiter's time was over"
    await lock.stop()


async def test_a_firm_holder_is_waited_for(redis: Redis, session_id: SessionId) -> None:
    lock = SessionLockService(redis=redis, clock=SystemClock(), wait_seconds=0.05)
    await lock.start()
    holder = await lock.acquire(session_id, firm_seconds=60.0)
    waiting = asyncio.create_task(lock.acquire(session_id))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    lock.release(holder)
    lease = await waiting
    assert not lease.has_overtaken
    await lock.stop()


async def test_a_waiter_that_becomes_firm_is_firm(redis: Redis, session_id: SessionId) -> None:
    lock = SessionLockService(redis=redis, clock=SystemClock(), wait_seconds=0.3)
    await lock.start()
    holder = await lock.acquire(session_id)
    waiting = asyncio.create_task(lock.acquire(session_id, firm_seconds=60.0))
    await eventually_waiting(redis, session_id, 1)
    lock.release(holder)
    firm = await waiting
    third = asyncio.create_task(lock.acquire(session_id))
    await asyncio.sleep(0.5)
    assert not third.done()
    lock.release(firm)
    assert not (await third).has_overtaken
    await lock.stop()


async def test_a_held_lock_is_renewed(redis: Redis, session_id: SessionId) -> None:
    lock = SessionLockService(redis=redis, clock=SystemClock(), wait_seconds=60.0, lease_seconds=0.3)
    await lock.start()
    holder = await lock.acquire(session_id)
    waiting = asyncio.create_task(lock.acquire(session_id))
    await asyncio.sleep(0.9)
    assert not waiting.done()
    assert not holder.is_lost
    lock.release(holder)
    assert not (await waiting).has_overtaken
    await lock.stop()


async def test_the_lock_of_a_process_that_died_runs_out(
    lock: SessionLockService, redis: Redis, session_id: SessionId
) -> None:
    await redis.set(f"colloquy:lock:{{{session_id}}}", "a-token-nobody-renews 0", expires_seconds=0.2)
    lease = await lock.acquire(session_id)
    assert not lease.has_overtaken
    assert lease.waited_seconds < 4.0


async def test_a_waiter_whose_process_died_is_passed_over(
    lock: SessionLockService, redis: Redis, session_id: SessionId
) -> None:
    holder = await lock.acquire(session_id)
    queue = f"colloquy:lock:{{{session_id}}}:queue"
    await redis.command("RPUSH", queue, "dead-token colloquy:lock:wake:nobody-listens")
    waiting = asyncio.create_task(lock.acquire(session_id))
    await eventually_waiting(redis, session_id, 2)
    lock.release(holder)
    assert not (await waiting).has_overtaken


async def test_a_waiter_that_gives_up_leaves_the_queue(
    lock: SessionLockService, redis: Redis, session_id: SessionId
) -> None:
    holder = await lock.acquire(session_id)
    waiting = asyncio.create_task(lock.acquire(session_id))
    await eventually_waiting(redis, session_id, 1)
    waiting.cancel()
    await eventually_waiting(redis, session_id, 0)
    lock.release(holder)
    assert not (await lock.acquire(session_id)).has_overtaken


async def test_without_redis_turns_go_on_unguarded(session_id: SessionId) -> None:
    redis = Redis(url="redis://127.0.0.1:1/0", connect_seconds=0.2)
    lock = SessionLockService(redis=redis, clock=SystemClock())
    await lock.start()
    lease = await lock.acquire(session_id)
    assert not lease.is_guarded
    lock.release(lease)
    await lock.stop()


async def test_stopping_lets_go_of_what_is_held(redis: Redis, session_id: SessionId) -> None:
    first = SessionLockService(redis=redis, clock=SystemClock())
    await first.start()
    await first.acquire(session_id)
    await first.stop()
    second = SessionLockService(redis=redis, clock=SystemClock(), wait_seconds=30.0)
    await second.start()
    lease: Lease = await second.acquire(session_id)
    assert lease.waited_seconds < 2.0
    await second.stop()


async def test_who_comes_next_learns_what_the_last_holder_saved(
    lock: SessionLockService, redis: Redis, session_id: SessionId
) -> None:
    first = await lock.acquire(session_id)
    assert first.version_before is None
    first.saved_version = 7
    lock.release(first)
    name = f"colloquy:lock:{{{session_id}}}"
    async with asyncio.timeout(30):
        while await redis.command("GET", name) is not None:
            await asyncio.sleep(0.005)
    assert (await lock.acquire(session_id)).version_before == 7
    assert 0 < await redis.command("PTTL", f"{name}:saved") <= 2000
