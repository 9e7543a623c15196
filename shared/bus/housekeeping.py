"""Delete what the bus keeps in PostgreSQL and nobody needs any more: expired large bodies, old marks of the inbox."""

from __future__ import annotations

from shared.bus.blobs_postgres import PostgresBlobs
from shared.bus.inbox import forget_handled
from shared.kernel.clock import Clock
from shared.kernel.now_and_then import NowAndThen
from shared.storage.database import Database


class BusHousekeeping:
    """Sweeps at start and every `interval_seconds`; a Component. One process of an installation is enough."""

    def __init__(
        self, *, database: Database, blobs: PostgresBlobs, clock: Clock, interval_seconds: float = 3600.0
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._times = NowAndThen("bus-housekeeping", self.sweep, every_seconds=interval_seconds, clock=clock)

    async def start(self) -> None:
        """Begin to sweep."""
        await self._times.start()

    async def stop(self) -> None:
        """Sweep no more."""
        await self._times.stop()

    async def sweep(self) -> None:
        """Delete once what is due."""
        await self._blobs.sweep()
        await forget_handled(self._database, self._clock)
