"""Remove contents that nobody needs. The list and the store agree also after a crash in between."""

from __future__ import annotations

from shared.files import leftovers
from shared.files.port import ContentStore
from shared.kernel.clock import Clock
from shared.kernel.now_and_then import NowAndThen
from shared.storage.database import Database


class FileHousekeeping:
    """Sweeps now and then; a Component. Several processes may do it at once."""

    def __init__(self, *, database: Database, store: ContentStore, clock: Clock, every_seconds: float = 60.0) -> None:
        self._database, self._store, self._clock = database, store, clock
        self._times = NowAndThen(
            "file-housekeeping", self.tidy, every_seconds=every_seconds, clock=clock, is_spread=True
        )

    async def start(self) -> None:
        """Begin."""
        await self._times.start()

    async def stop(self) -> None:
        """End."""
        await self._times.stop()

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
