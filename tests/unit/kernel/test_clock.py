"""A clock of tests moves when it is told to."""

from __future__ import annotations

import asyncio

from shared.kernel.clock import ManualClock


async def test_sleepers_wake_in_the_order_they_are_due(clock: ManualClock) -> None:
    woken: list[int] = []

    async def sleeper(seconds: int) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    tasks = [asyncio.create_task(sleeper(seconds)) for seconds in (3, 1, 2)]
    await asyncio.sleep(0)
    await clock.advance(2)
    assert woken == [1, 2]
    await clock.advance(1)
    assert woken == [1, 2, 3]
    await asyncio.gather(*tasks)
