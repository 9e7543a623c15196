"""Slots, the queue for them, and lending."""

from __future__ import annotations

import asyncio

import pytest

from shared.evaluation.port import PoolBusy
from shared.evaluation.slots import Slots
from shared.interview.errors import HostRefused


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Runner:
    """Takes a slot and holds it until told to leave, noting the order of events."""

    def __init__(self, slots: Slots, name: str, events: list[str]) -> None:
        self.slots, self.name, self.events = slots, name, events
        self.may_leave, self.may_return = asyncio.Event(), asyncio.Event()
        self.lends = False

    async def run(self) -> None:
        async with self.slots.take() as slot:
            self.events.append(f"{self.name} in")
            if self.lends:
                async with slot.lend():
                    await self.may_return.wait()
                self.events.append(f"{self.name} back")
            await self.may_leave.wait()


async def test_no_more_run_at_once_than_there_are_slots_and_the_first_comes_first() -> None:
    slots, events = Slots(size=1, maximum=2, backlog=10), []
    runners = [Runner(slots, name, events) for name in "abc"]
    tasks = [asyncio.create_task(runner.run()) for runner in runners]
    await settle()
    assert events == ["a in"]
    for number in range(3):
        runners[number].may_leave.set()
        await settle()
    assert events == ["a in", "b in", "c in"]
    await asyncio.gather(*tasks)
    assert slots.running == 0


async def test_a_full_queue_refuses() -> None:
    slots = Slots(size=1, maximum=2, backlog=1)
    first, second = Runner(slots, "a", []), Runner(slots, "b", [])
    tasks = [asyncio.create_task(runner.run()) for runner in (first, second)]
    await settle()
    with pytest.raises(PoolBusy):
        async with slots.take():
            pass
    first.may_leave.set()
    second.may_leave.set()
    await asyncio.gather(*tasks)


async def test_who_waits_lends_the_slot_and_returns_before_those_who_are_new() -> None:
    slots, events = Slots(size=1, maximum=2, backlog=10), []
    runners = [Runner(slots, name, events) for name in "abc"]
    runners[0].lends = True
    tasks = [asyncio.create_task(runner.run()) for runner in runners]
    await settle()
    assert events == ["a in", "b in"]
    runners[0].may_return.set()
    await settle()
    assert events == ["a in", "b in"]
    runners[1].may_leave.set()
    await settle()
    assert events == ["a in", "b in", "a back"]
    for runner in runners:
        runner.may_leave.set()
    await asyncio.gather(*tasks)
    assert slots.running == 0


async def test_one_too_many_to_wait_is_refused_and_keeps_its_slot() -> None:
    slots = Slots(size=1, maximum=2, backlog=10)
    first, second = Runner(slots, "a", []), Runner(slots, "b", [])
    first.lends = second.lends = True
    waiting = asyncio.create_task(first.run())
    await settle()
    with pytest.raises(HostRefused, match=r"\.ready\(\)"):
        await second.run()
    assert slots.running == 0
    first.may_return.set()
    first.may_leave.set()
    await waiting


async def test_who_is_refused_while_waiting_has_a_slot_again() -> None:
    slots = Slots(size=1, maximum=2, backlog=10)
    async with slots.take() as slot:
        with pytest.raises(HostRefused):
            async with slot.lend():
                assert slots.running == 0
                raise HostRefused("no")
        assert slot.is_held
        assert slots.running == 1
    assert slots.running == 0


@pytest.mark.parametrize("moment", ["queued", "lent", "returning"])
async def test_who_is_cancelled_leaves_no_slot_taken(moment: str) -> None:
    slots = Slots(size=1, maximum=3, backlog=10)
    first, second = Runner(slots, "a", []), Runner(slots, "b", [])
    first.lends = moment != "queued"
    tasks = [asyncio.create_task(runner.run()) for runner in (first, second)]
    await settle()
    if moment == "returning":
        first.may_return.set()
        await settle()
    victim = tasks[1 if moment == "queued" else 0]
    victim.cancel()
    await settle()
    assert victim.cancelled()
    first.may_leave.set()
    second.may_leave.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert slots.running == 0
    async with slots.take():
        assert slots.running == 1


def test_a_pool_without_room_to_wait_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="room"):
        Slots(size=2, maximum=2, backlog=10)
