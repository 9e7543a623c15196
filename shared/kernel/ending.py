"""End tasks that go on for ever."""

from __future__ import annotations

import asyncio
import traceback
from typing import Any

import structlog

from shared.kernel.errors import ColloquyError

log = structlog.get_logger()

_AGAIN_SECONDS = 5.0
"""A task that still has something to do when it is told to end, as to roll back, mostly has done it by then."""


async def end(*tasks: asyncio.Task[Any], again_seconds: float = _AGAIN_SECONDS) -> None:
    """Cancel tasks and wait until they have ended. What they raise is dropped; a fault among it is logged.

    They are told again every `again_seconds`: what a task waits for may swallow a cancellation. `asyncio.wait_for`
    does so before Python 3.12 when what it waits for ends at the same moment, and clients of servers are made with it.
    """
    is_first = True
    while late := [task for task in tasks if not task.done()]:
        if not is_first:
            log.warning("service.told_again_to_end", tasks=[task.get_name() for task in late])
        is_first = False
        for task in late:
            task.cancel()
        await asyncio.wait(late, timeout=again_seconds)
    for task in tasks:
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ColloquyError):
            # Without the text of the error, which may quote a row (now_and_then.py).
            way = "".join(traceback.format_tb(error.__traceback__))
            log.error("service.task_broken", task=task.get_name(), error=type(error).__name__, traceback=way)
