"""What becomes of messages after they have left: bounces of mail, and reports about text messages.

Noted beside the ledger, and told to webhooks as `MessageNotDelivered`: ids and a word, never an address.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable

import structlog

from shared.mailbox.webhooks import Webhooks
from shared.storage.database import Database

log = structlog.get_logger()

_NOT_DELIVERED = frozenset({"bounced", "undelivered", "failed"})
_FINAL = ("bounced", "delivered", "failed", "read", "undelivered")
_NOTE = """
update mailbox.sendings set delivery = $2 where message_id = $1 and delivery <> $2 and delivery <> all($3)
returning session_id::text, kind, interview
"""


class Deliveries:
    """Takes note of reports."""

    def __init__(self, *, database: Database, webhooks: Webhooks, ring: Callable[[], Awaitable[None]]) -> None:
        """`ring` tells who sends webhooks that there is something for them; it never raises."""
        self._database, self._webhooks, self._ring = database, webhooks, ring

    async def note(self, message_id: str, status: str) -> bool:
        """A report about a message; False when it tells nothing new, or there is no such message."""
        try:
            number = str(uuid.UUID(message_id))
        except ValueError:
            return False
        wanted_by: list[str] = []
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(_NOTE, number, status, list(_FINAL))
            if row is None:
                return False
            session_id, kind, interview = row
            if status in _NOT_DELIVERED:
                wanted_by = [
                    one.id
                    for one in await self._webhooks.all(connection)
                    if one.wants("MessageNotDelivered", interview)
                ]
                if wanted_by:
                    told = {"interview": interview, "session_id": session_id, "kind": kind}
                    told |= {"message_id": number, "status": status}
                    await self._webhooks.queue(connection, wanted_by, "MessageNotDelivered", told)
        log.info("message.reported", message=number, session=session_id, kind=kind, status=status)
        if wanted_by:
            await self._ring()
        return True
