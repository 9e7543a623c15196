"""Mail that comes back: it goes to an address of its own for every mail that was sent (VERP), so that no text has to be
understood to know which one was not delivered.
"""

from __future__ import annotations

import re
import uuid

from shared.mailbox.deliveries import Deliveries
from shared.storage.database import Database

_ADDRESS = re.compile(r"bounce\+([0-9a-f]{32})", re.I)
_KNOWS = "select exists (select 1 from mailbox.sendings where message_id = $1)"


def bounced_mail(local: str) -> str | None:
    """The id of the mail that an address for bounces stands for; None for other addresses."""
    found = _ADDRESS.fullmatch(local)
    return str(uuid.UUID(found[1])) if found else None


class Bounces:
    """Takes note of what was not delivered."""

    def __init__(self, *, database: Database, deliveries: Deliveries) -> None:
        self._database, self._deliveries = database, deliveries

    async def knows(self, mail_id: str) -> bool:
        """Whether such a mail was sent. Raises what the database raises."""
        return bool(await self._database.fetchval(_KNOWS, mail_id))

    async def note(self, mail_id: str) -> None:
        """A mail of ours has come back."""
        await self._deliveries.note(mail_id, "bounced")
