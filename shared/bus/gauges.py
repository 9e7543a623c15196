"""What waits in the tables of the bus, for /metrics: the whole installation's, from whichever process looks."""

from __future__ import annotations

from shared.kernel.telemetry import Metrics
from shared.storage.database import Database

# Until its moment a row is only planned; then it waits, also while it rests after an attempt that failed. The attempt
# moves not_before, so that from then on its age is that of the row: one that was planned counts its delay, too.
_LOOK = """
select count(*) as waiting, coalesce(extract(epoch from now() - min(
           case when attempts = 0 then greatest(created_at, not_before) else created_at end
       )), 0)::double precision as oldest,
       (select count(*) from bus.dead_letters) as dead
from bus.outbox where attempts > 0 or not_before <= now()
"""


class BusGauges:
    """Takes the numbers when asked to."""

    def __init__(self, *, metrics: Metrics, database: Database) -> None:
        self._database = database
        self._waiting = metrics.gauge("outbox_waiting", "Committed messages that are not published yet.")
        self._oldest = metrics.gauge("outbox_oldest_seconds", "How long the oldest of them has been waiting.")
        self._dead = metrics.gauge("dead_letters", "Messages that could not be handled.")

    async def look(self) -> None:
        """Take the numbers of this moment. Raises what the database raises."""
        found = await self._database.fetchrow(_LOOK)
        if found is not None:
            self._waiting.set(found["waiting"])
            self._oldest.set(found["oldest"])
            self._dead.set(found["dead"])
