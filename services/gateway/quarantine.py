"""Mail for sessions that was kept but not delivered: what an operator decides about it, on pages and by command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from shared.bus.outbox import Outbox
from shared.contracts.envelope import Envelopes
from shared.contracts.session import DeliverMail
from shared.files.leftovers import discard
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound
from shared.kernel.ids import is_id
from shared.mailbox import received
from shared.storage.database import Database


class NoSuchMail(NotFound):
    """There is no such mail in quarantine; `colloquy mail quarantine` shows what there is."""


class Quarantine:
    """Delivers what waits, or deletes it."""

    def __init__(
        self,
        *,
        database: Database,
        outbox: Outbox,
        envelopes: Envelopes,
        clock: Clock,
        wake_relay: Callable[[], None] = lambda: None,
    ) -> None:
        self._database, self._outbox, self._envelopes = database, outbox, envelopes
        self._clock, self._wake_relay = clock, wake_relay

    async def lines(self, *, limit: int = 100) -> list[dict[str, Any]]:
        """What waits, the oldest first: id, local_part, session_id, reason, size_bytes, received_at."""
        return [dict(row) for row in await received.in_quarantine(self._database, limit=limit)]

    async def release(self, mail_ids: Sequence[str]) -> int:
        """Deliver these to their sessions, and give how many there were."""
        count = 0
        for mail_id in filter(is_id, mail_ids):
            async with self._database.transaction() as connection:
                session_id = await received.release(connection, mail_id)
                if session_id is not None:
                    message = DeliverMail(mail_id=mail_id, session_id=session_id)
                    await self._outbox.add(connection, [self._envelopes.wrap(message)])
                    count += 1
        self._wake_relay()
        return count

    async def delete(self, mail_ids: Sequence[str]) -> int:
        """Delete these for good, and give how many there were. What was delivered meanwhile stays."""
        count = 0
        for mail_id in filter(is_id, mail_ids):
            async with self._database.transaction() as connection:
                locations = await received.delete_quarantined(connection, mail_id)
                if locations is not None:
                    await discard(connection, locations, due_at=self._clock.now())
                    count += 1
        return count
