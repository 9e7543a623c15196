"""Calls at the same time are done together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from shared.kernel.errors import ColloquyError, Retryable
from shared.kernel.together import Together


class Gate:
    """Doubles numbers, one lot after the other, when it is let."""

    def __init__(self) -> None:
        self.lots: list[list[int]] = []
        self.open = asyncio.Semaphore(0)

    async def __call__(self, numbers: Sequence[int]) -> Sequence[int]:
        self.lots.append(list(numbers))
        await self.open.acquire()
        if 13 in numbers:
            raise ColloquyError("13")
        if 14 in numbers:
            raise Retryable("14")
        return [2 * number for number in numbers]


async def asked(together: Together[int, int], *numbers: int) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(together(number)) for number in numbers]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_what_comes_while_one_is_under_way_goes_with_the_next() -> None:
    gate = Gate()
    together = Together(gate, most=3)
    tasks = await asked(together, 1)
    tasks += await asked(together, 2, 3, 4, 5)
    for _ in range(3):
        gate.open.release()
    assert await asyncio.gather(*tasks) == [2, 4, 6, 8, 10]
    assert gate.lots == [[1], [2, 3, 4], [5]]


async def test_nobody_suffers_for_anothers_item() -> None:
    gate = Gate()
    together = Together(gate)
    tasks = await asked(together, 1)
    tasks += await asked(together, 2, 13, 4)
    for _ in range(5):
        gate.open.release()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [results[0], results[1], results[3]] == [2, 4, 8]
    assert isinstance(results[2], ColloquyError)
    assert gate.lots == [[1], [2, 13, 4], [2], [13], [4]]


async def test_a_failure_of_the_moment_is_everybodys() -> None:
    gate = Gate()
    together = Together(gate)
    tasks = await asked(together, 1)
    tasks += await asked(together, 14, 3)
    for _ in range(2):
        gate.open.release()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [int, Retryable, Retryable]


async def test_who_was_cancelled_is_left_out() -> None:
    gate = Gate()
    together = Together(gate)
    [first] = await asked(together, 1)
    [second, third] = await asked(together, 2, 3)
    second.cancel()
    await asyncio.wait([second])
    gate.open.release()
    gate.open.release()
    assert (await first, await third) == (2, 6)
    assert gate.lots == [[1], [3]]
    with pytest.raises(asyncio.CancelledError):
        await second


async def test_who_knows_that_company_comes_waits_for_it() -> None:
    gate = Gate()
    expected = [True]
    together = Together(gate, most=10, expects=lambda: expected[0], enough=3, patience_seconds=30.0)
    for _ in range(5):
        gate.open.release()
    tasks = await asked(together, 1, 2)
    await asyncio.sleep(0.02)
    assert gate.lots == []
    tasks += await asked(together, 3)
    assert await asyncio.gather(*tasks) == [2, 4, 6]
    expected[0] = False
    assert await together(4) == 8
    assert gate.lots == [[1, 2, 3], [4]]


async def test_company_that_does_not_come_is_not_waited_for_long() -> None:
    gate = Gate()
    together = Together(gate, expects=lambda: True, enough=3, patience_seconds=0.01)
    gate.open.release()
    assert await together(1) == 2
    assert gate.lots == [[1]]
