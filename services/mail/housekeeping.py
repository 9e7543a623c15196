"""Forget addresses of sessions that have been gone for long. Until then mail to them is refused, and nobody else gets
them: what is still on its way, or in somebody's address book, reaches no stranger's session.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import uniform
from shared.mailbox import addresses
from shared.storage.database import Database

log = structlog.get_logger()

_RETIRED = timedelta(days=366)
_EVERY_SECONDS = 3600.0


class MailHousekeeping:
    """Tidies up now and then; a Component."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        if self._task is None:
            self._task = asyncio.create_task(self._go_on(), name="mail-housekeeping")

    async def stop(self) -> None:
        """End."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def tidy(self) -> None:
        """Forget what is due now."""
        while await addresses.forget_retired(self._database, before=self._clock.now() - _RETIRED):
            continue

    async def _go_on(self) -> None:
        while True:
            await self._clock.sleep(_EVERY_SECONDS * uniform(0.5, 1.5))
            try:
                await self.tidy()
            except ColloquyError as error:
                log.warning("mail.housekeeping_failed", reason=str(error))
