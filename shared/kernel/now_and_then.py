"""Do something now and then for as long as a service runs: take numbers, tidy up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError

log = structlog.get_logger()


class NowAndThen:
    """Does `work` at the start and every `every_seconds`; what it lacks for once is logged. A Component."""

    def __init__(self, name: str, work: Callable[[], Awaitable[object]], *, every_seconds: float, clock: Clock) -> None:
        self._name, self._work = name, work
        self._every_seconds, self._clock = every_seconds, clock
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        if self._task is None:
            self._task = asyncio.create_task(self._go_on(), name=self._name)

    async def stop(self) -> None:
        """End, also in the middle of it."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _go_on(self) -> None:
        while True:
            try:
                await self._work()
            except ColloquyError as error:
                log.warning("service.errand_failed", errand=self._name, reason=str(error))
            await self._clock.sleep(self._every_seconds)
