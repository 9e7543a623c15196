"""End tasks that go on for ever."""

from __future__ import annotations

import asyncio
from typing import Any

_AGAIN_SECONDS = 5.0
"""Longer than what a task still has to do when it is told to end."""


async def end(*tasks: asyncio.Future[Any], again_seconds: float = _AGAIN_SECONDS) -> None:
    """Cancel tasks and wait until they have ended; what they raise is dropped.

    They are told again every `again_seconds`: what a task waits for may swallow a cancellation. `asyncio.wait_for`
    does so before Python 3.12 when what it waits for ends at the same moment, and clients of servers are made with it.
    """
    while late := [task for task in tasks if not task.done()]:
        for task in late:
            task.cancel()
        await asyncio.wait(late, timeout=again_seconds)
    await asyncio.gather(*tasks, return_exceptions=True)
