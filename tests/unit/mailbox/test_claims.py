"""A claim does not run out while its work is done."""

from __future__ import annotations

import asyncio

import pytest

from shared.kernel.clock import ManualClock, SystemClock
from shared.kernel.errors import Unavailable
from shared.mailbox.claims import held

pytestmark = pytest.mark.timeout(60)


async def test_it_is_held_again_in_time_after_a_database_that_did_not_answer() -> None:
    clock, times = ManualClock(), []

    async def hold() -> None:
        times.append(clock.monotonic())
        if len(times) == 1:
            raise Unavailable

    began = clock.monotonic()
    async with held(hold, claim_seconds=12.0, clock=clock):
        while len(times) < 2:
            await clock.advance(0.25)
            await asyncio.sleep(0)
    assert times[1] - began < 8, "and there is room for an answer that is slow"


async def test_one_that_never_answers_is_given_up_for_the_next() -> None:
    asked, answered = 0, asyncio.Event()

    async def hold() -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            await asyncio.Event().wait()
        answered.set()

    async with held(hold, claim_seconds=0.6, clock=SystemClock()):
        await answered.wait()
    assert asked >= 2
