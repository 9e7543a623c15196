"""What tasks say of their progress: written, announced, and never in the way of the task itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from services.worker.progress import ProgressDesk
from shared.bus.port import Bus
from shared.contracts.events import TaskProgressed
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.service import Service
from shared.tasks.leases import Claim, Leases
from tests.unit.tasks.sessions import NOW, pictures_of

from .conftest import House


class Paused:
    """A clock that says when somebody waits, and lets them wait until it is told."""

    def __init__(self) -> None:
        self.is_waited_for, self.goes_on = asyncio.Event(), asyncio.Event()

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.is_waited_for.set()
        await self.goes_on.wait()


@pytest.fixture
async def bus(house: House) -> AsyncIterator[Bus]:
    """The bus of the house, without a worker that would take the tasks."""
    for component in house.messaging.components:
        await component.start()
    yield house.messaging.bus
    for component in reversed(house.messaging.components):
        await component.stop()


async def next_word(house: House) -> TaskProgressed:
    async with asyncio.timeout(30):
        return await house.progressed.get()


async def claimed(house: House, leases: Leases) -> Claim:
    task_id = await house.launch("sleep", is_rung=False)
    claim = await leases.claim(house.database, task_id, owner="w", lease_seconds=60)
    assert claim is not None
    return claim


async def test_what_a_task_says_is_written_and_announced(house: House, worker: Service) -> None:
    task_id = await house.launch("tell_progress", seconds=60)
    word = await next_word(house)
    assert (word.task_id, word.fraction, word.message.value) == (task_id, 1.0, "1 of 1")
    [picture] = await pictures_of(house.database, house.tasks, house.session.keys)
    assert (picture.progress, picture.progress_message) == (1.0, "1 of 1")
    await house.revoke(task_id)


async def test_a_task_that_says_more_than_can_be_told_ends_like_any_other(house: House, worker: Service) -> None:
    await house.launch("tell_progress", times=40)
    assert (await house.next_end()).outcome.kind == "value"


async def test_of_what_is_said_in_between_only_the_newest_is_told(
    house: House, bus: Bus, server_keys: ServerKeys
) -> None:
    clock, leases = Paused(), Leases(server_keys=server_keys)
    desk = ProgressDesk(database=house.database, leases=leases, bus=bus, clock=clock)
    progress = desk.of(await claimed(house, leases))
    progress.note(0.1, "first")
    assert (await next_word(house)).message.value == "first"
    for number in range(2, 10):
        progress.note(number / 10, f"word {number}")
    await clock.is_waited_for.wait()
    assert house.progressed.empty()
    clock.goes_on.set()
    word = await next_word(house)
    assert (word.fraction, word.message.value) == (0.9, "word 9")
    await progress.end()


async def test_progress_of_a_task_that_is_somebody_elses_by_now_is_not_told(
    house: House, bus: Bus, server_keys: ServerKeys
) -> None:
    leases = Leases(server_keys=server_keys)
    desk = ProgressDesk(database=house.database, leases=leases, bus=bus, clock=SystemClock())
    claim = await claimed(house, leases)
    await house.revoke(claim.task_id)
    progress = desk.of(claim)
    progress.note(0.5, "too late")
    other = desk.of(await claimed(house, leases))
    other.note(0.1, "in time")
    assert (await next_word(house)).message.value == "in time"
    assert house.progressed.empty()
    await progress.end()
    await other.end()
