"""Forget what is due: browsers of which nothing was seen for long, links that have ended, answers nobody fetched.

The sessions that browsers were in are the session service's matter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from services.gateway.store import BrowserStore
from shared.kernel.clock import Clock
from shared.kernel.now_and_then import NowAndThen


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
        self._kept = timedelta(days=kept_days)
        self._times = NowAndThen(
            "gateway-housekeeping", self.tidy, every_seconds=every_seconds, clock=clock, is_spread=True
        )

    async def start(self) -> None:
        """Begin."""
        await self._times.start()

    async def stop(self) -> None:
        """End."""
        await self._times.stop()

    async def tidy(self) -> None:
        """Delete everything that is due now, some at a time."""
        before = self._clock.now() - self._kept
        while await self._store.delete_unseen(before=before):
            continue
        for forget_some in self._also:
            while await forget_some():
                continue
