"""Forget what is due: browsers of which nothing was seen for long, links that have ended, answers nobody fetched.

The sessions that browsers were in are the session service's matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog

from services.gateway.store import BrowserStore
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import uniform

log = structlog.get_logger()


class Housekeeping:
    """Tidies up now and then; a Component. Several processes may do it at once."""

    def __init__(
        self,
        *,
        store: BrowserStore,
        clock: Clock,
        kept_days: float,
        every_seconds: float,
        also: Sequence[Callable[[], Awaitable[bool]]] = (),
    ) -> None:
        """`also`: each forgets some of something else, and says whether more may be left."""
        self._store, self._clock, self._also = store, clock, also
        self._kept, self._every_seconds = timedelta(days=kept_days), every_seconds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        if self._task is None:
            self._task = asyncio.create_task(self._go_on(), name="gateway-housekeeping")

    async def stop(self) -> None:
        """End."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def tidy(self) -> None:
        """Delete everything that is due now, some at a time."""
        before = self._clock.now() - self._kept
        while await self._store.delete_unseen(before=before):
            continue
        for forget_some in self._also:
            while await forget_some():
                continue

    async def _go_on(self) -> None:
        while True:
            await self._clock.sleep(self._every_seconds * uniform(0.5, 1.5))
            try:
                await self.tidy()
            except ColloquyError as error:
                log.warning("gateway.housekeeping_failed", reason=str(error))
