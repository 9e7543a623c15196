"""Delete what the bus keeps in PostgreSQL and nobody needs any more: expired large bodies, old marks of the inbox."""

from __future__ import annotations

import asyncio
import contextlib

import structlog

from shared.bus.blobs_postgres import PostgresBlobs
from shared.bus.inbox import forget_handled
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError
from shared.storage.database import Database

log = structlog.get_logger()


class BusHousekeeping:
    """Sweeps at start and every `interval_seconds`; a Component. One process of an installation is enough."""

    def __init__(
        self, *, database: Database, blobs: PostgresBlobs, clock: Clock, interval_seconds: float = 3600.0
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to sweep."""
        if self._task is None:
            self._task = asyncio.create_task(self._repeat(), name="bus-housekeeping")

    async def stop(self) -> None:
        """Sweep no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def sweep(self) -> None:
        """Delete once what is due."""
        await self._blobs.sweep()
        await forget_handled(self._database, self._clock)

    async def _repeat(self) -> None:
        while True:
            try:
                await self.sweep()
            except ColloquyError as error:
                log.warning("bus.housekeeping_failed", reason=str(error))
            await self._clock.sleep(self._interval_seconds)
