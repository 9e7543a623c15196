"""Tell open pages that a session has changed.

SessionChanged is announced, not put into the outbox: to lose one is harmless. A page that misses it learns the same
from its next periodic check-in, and the end of a task is announced again when BackgroundEnded, which is acknowledged
only afterwards, is delivered a second time. It saves every form post a row, a confirm and a deletion.
"""

from __future__ import annotations

import asyncio

import structlog

from shared.bus.port import Bus
from shared.contracts.events import SessionChanged
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import SessionId

log = structlog.get_logger()


class Announcer:
    """Announces without keeping anybody waiting; a Component, so that the last ones are not cut off."""

    def __init__(self, *, bus: Bus) -> None:
        self._bus = bus
        self._under_way: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Nothing to begin."""

    async def stop(self) -> None:
        """Wait for what is being said."""
        while self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)

    def tell(self, event: SessionChanged) -> None:
        """Announce, soon."""
        task = asyncio.create_task(self._announce(event))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def tell_end(self, session_id: SessionId, version: int) -> None:
        """A session is gone."""
        self.tell(SessionChanged(session_id=session_id, version=version, cause="deleted"))

    async def _announce(self, event: SessionChanged) -> None:
        try:
            await self._bus.announce(event)
        except ColloquyError as error:
            log.info("session.not_announced", session=event.session_id, reason=str(error))
