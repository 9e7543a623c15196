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
        self._task: asyncio.Task[None] | None = None
        self._ringing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Look who is to be told."""
        if self._task is None:
            await self._look()
            self._task = asyncio.create_task(self._go_on(), name="webhooks-known")

    async def stop(self) -> None:
        """End."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, *self._ringing, return_exceptions=True)

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
        try:
            self._known = await self._webhooks.all(self._database)
        except ColloquyError as error:
            log.warning("webhooks.not_read", reason=str(error))
        except Exception as error:  # those that are known go on being told
            log.error("webhooks.not_read", error=type(error).__name__)

    async def _go_on(self) -> None:
        while True:
            await self._clock.sleep(_LOOK_SECONDS)
            await self._look()
