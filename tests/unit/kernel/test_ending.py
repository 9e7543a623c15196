"""Tasks that go on for ever are ended, also those that have not heard it the first time."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from shared.kernel.ending import end

pytestmark = pytest.mark.timeout(20)


async def test_a_task_whose_client_swallowed_the_cancellation_is_told_again() -> None:
    ready, told = asyncio.Event(), 0

    async def go_on() -> None:
        nonlocal told
        while True:
            try:
                ready.set()
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                told += 1
                if told == 2:
                    raise

    task = asyncio.create_task(go_on())
    await ready.wait()
    await end(task, again_seconds=0.05)
    assert (task.cancelled(), told) == (True, 2)


async def test_all_are_ended_and_a_fault_of_theirs_is_told() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    failing, waiting = asyncio.create_task(fail()), asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(0)
    with structlog.testing.capture_logs() as told:
        await end(failing, waiting)
    assert (failing.done(), waiting.cancelled()) == (True, True)
    assert [(line["event"], line["error"]) for line in told] == [("service.task_broken", "ZeroDivisionError")]
    await end()


async def test_who_waits_for_the_end_may_be_cancelled() -> None:
    async def deaf() -> None:
        for _ in range(3):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    ending = asyncio.create_task(end(task))
    await asyncio.sleep(0.05)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    await end(task, again_seconds=0.01)
