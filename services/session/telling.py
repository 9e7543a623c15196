"""What webhooks are told: rows beside what has happened, in the same transaction. Costs nothing where nobody listens.

Which webhooks there are is remembered, and looked up anew every other second: a new one is told from then on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from shared.bus.port import Bus
from shared.contracts.events import WebhooksDue
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError
from shared.kernel.now_and_then import Errand, NowAndThen
from shared.mailbox.webhooks import EventName, Webhook, Webhooks
from shared.storage.database import Database, Statements

log = structlog.get_logger()

_LOOK_SECONDS = 2.0
_INTERVIEW = "select interview from session.sessions where id = $1"

Rows = Callable[[Statements], Awaitable[None]]


class Telling:
    """Writes deliveries; a Component."""

    def __init__(self, *, database: Database, webhooks: Webhooks, bus: Bus, clock: Clock) -> None:
        self._database, self._webhooks, self._bus, self._clock = database, webhooks, bus, clock
        self._known: list[Webhook] = []
        self._times = NowAndThen("webhooks-known", self._look, every_seconds=_LOOK_SECONDS, clock=clock, is_spread=True)
        self._ringing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Look who is to be told."""
        await Errand("webhooks-known").attempt(self._look)
        await self._times.start()

    async def stop(self) -> None:
        """End."""
        await self._times.stop()
        await asyncio.gather(*self._ringing, return_exceptions=True)

    def rows(self, event: EventName, interview: str, data: dict[str, Any]) -> Sequence[Rows]:
        """What is to be written beside this event; nothing when nobody wants to know."""
        wanted_by = [one.id for one in self._known if one.wants(event, interview)]
        if not wanted_by:
            return ()

        async def write(statements: Statements) -> None:
            await self._webhooks.queue(statements, wanted_by, event, {"interview": interview, **data})

        return (write,)

    def has_any(self, event: EventName) -> bool:
        """Whether anybody wants to know of events of this kind."""
        return any(event in one.events for one in self._known)

    async def write(self, statements: Statements, event: EventName, session_id: str, data: dict[str, Any]) -> bool:
        """The same at once, in the open transaction, of a session that is known by its id alone. Whether anybody wants
        to know.
        """
        if not self.has_any(event):
            return False
        interview = await statements.fetchval(_INTERVIEW, session_id)
        rows = self.rows(event, interview or "", {"session_id": session_id, **data})
        for row in rows:
            await row(statements)
        return bool(rows)

    def ring(self, *, has_rows: bool) -> None:
        """It is committed: whoever sends may begin, if rows were written."""
        if not has_rows:
            return
        task = asyncio.create_task(self._announce())
        self._ringing.add(task)
        task.add_done_callback(self._ringing.discard)

    async def _announce(self) -> None:
        try:
            await self._bus.announce(WebhooksDue())
        except ColloquyError as error:
            log.info("webhooks.not_announced", reason=str(error))

    async def _look(self) -> None:
        self._known = await self._webhooks.all(self._database)
