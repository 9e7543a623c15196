"""Who has just opened a session that has mail waiting for a key: told by turns, taken up by closed_mail.py."""

from __future__ import annotations

import asyncio

from services.session.keys import DataKeys
from shared.kernel.ids import SessionId

_MOST = 1000


class OpenedForMail:
    """Sessions with such mail that were opened just now, each with the newest keys; those beyond a thousand are told
    again with their next turn.
    """

    def __init__(self) -> None:
        self._found: dict[SessionId, DataKeys] = {}
        self._bell = asyncio.Event()

    def tell(self, keys: DataKeys) -> None:
        """A session was opened."""
        if len(self._found) < _MOST:
            self._found[keys.session_id] = keys
            self._bell.set()

    async def next(self) -> DataKeys:
        """The session that has waited longest; waits for one."""
        while not self._found:
            self._bell.clear()
            await self._bell.wait()
        return self._found.pop(next(iter(self._found)))
