"""Keep what one has claimed: letters that are being sent, orders that are being carried out."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from shared.kernel.clock import Clock
from shared.kernel.now_and_then import NowAndThen

_HOLDS_PER_CLAIM = 3
"""So that one of them may fail, and the claim still does not run out."""


@contextlib.asynccontextmanager
async def held(hold: Callable[[], Awaitable[object]], *, claim_seconds: float, clock: Clock) -> AsyncIterator[None]:
    """A claim that lasts `claim_seconds` does not run out while the block does its work: `hold` claims it anew, again
    and again. It ends with the block, and with the process.
    """
    holding = NowAndThen(
        "hold a claim", hold, every_seconds=claim_seconds / _HOLDS_PER_CLAIM, clock=clock, is_spread=True
    )
    await holding.start()
    try:
        yield
    finally:
        await holding.stop()
