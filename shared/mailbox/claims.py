"""Keep what one has claimed: letters that are being sent, orders that are being carried out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from shared.kernel.clock import Clock
from shared.kernel.errors import Unavailable
from shared.kernel.now_and_then import NowAndThen

_HOLDS_PER_CLAIM = 6
"""So that one of them may fail, after as long as it may take, and the claim still does not run out."""


class NotHeld(Unavailable):
    """A claim could not be held in time; it is tried again."""


@contextlib.asynccontextmanager
async def held(hold: Callable[[], Awaitable[object]], *, claim_seconds: float, clock: Clock) -> AsyncIterator[None]:
    """A claim that lasts `claim_seconds` does not run out while the block does its work: `hold` claims it anew, again
    and again. It ends with the block, and with the process.
    """
    pause = claim_seconds / _HOLDS_PER_CLAIM

    async def hold_in_time() -> None:
        try:
            async with asyncio.timeout(pause):
                await hold()
        except TimeoutError:
            raise NotHeld from None

    holding = NowAndThen("hold a claim", hold_in_time, every_seconds=pause, clock=clock, is_spread=True)
    await holding.start()
    try:
        yield
    finally:
        await holding.stop()
