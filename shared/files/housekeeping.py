"""Remove contents that nobody needs. The list and the store agree also after a crash in between."""

from __future__ import annotations

import asyncio

import structlog

from shared.files import leftovers
from shared.files.port import ContentStore
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import uniform
from shared.storage.database import Database

log = structlog.get_logger()


class FileHousekeeping:
    """Sweeps now and then; a Component. Several processes may do it at once."""

    def __init__(self, *, database: Database, store: ContentStore, clock: Clock, every_seconds: float = 60.0) -> None:
        self._database, self._store, self._clock = database, store, clock
        self._every_seconds = every_seconds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        if self._task is None:
            self._task = asyncio.create_task(self._go_on(), name="file-housekeeping")

    async def stop(self) -> None:
        """End."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def tidy(self) -> int:
        """Remove everything that is due now; how many contents that were."""
        removed = 0
        while await self._remove_one():
            removed += 1
        return removed

    async def _remove_one(self) -> bool:
        """The row goes with the commit, after the content: who wants to claim it meanwhile waits, and is refused."""
        async with self._database.transaction() as connection:
            location = await leftovers.take_due(connection, now=self._clock.now())
            if location is None:
                return False
            await self._store.delete(location)
        return True

    async def _go_on(self) -> None:
        while True:
            await self._clock.sleep(self._every_seconds * uniform(0.5, 1.5))
            try:
                await self.tidy()
            except ColloquyError as error:
                log.warning("files.housekeeping_failed", reason=str(error))
