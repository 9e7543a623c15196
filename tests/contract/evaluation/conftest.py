"""Started evaluators around an engine whose interviews are functions of the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from shared.evaluation.pool import PoolSettings, ProcessPool

ENGINE = "tests.unit.evaluation.scripted_engine:ScriptedEngine"

MakePool = Callable[..., Coroutine[Any, Any, ProcessPool]]


@pytest.fixture
async def make_pool() -> AsyncIterator[MakePool]:
    """Makes started pools, of size 1 unless told otherwise, and stops them."""
    made: list[ProcessPool] = []

    async def make(*, engine: str = ENGINE, python: str | None = None, **settings: Any) -> ProcessPool:
        settings = {"size": 1} | settings
        pool = ProcessPool(settings=PoolSettings(**settings), folders=[], engine=engine, python=python)
        made.append(pool)
        await pool.start()
        return pool

    yield make
    for pool in made:
        await pool.stop()


@pytest.fixture(params=[1, 2])
async def evaluator(request: pytest.FixtureRequest, make_pool: MakePool) -> ProcessPool:
    """A pool with one process, and one with two: everything must work with both."""
    return await make_pool(size=request.param)
