"""Do something again and again for as long as a service runs: take numbers, tidy up, look for what is due.

The rule for whatever does so, said once: nothing that goes wrong ends it. What is lacking for once (an error of ours,
as when the database does not answer) is a warning, and the next time comes as always. Anything else is a fault of the
program: it is logged with the way it took, and what fails again and again is left alone for longer and longer.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from shared.kernel.clock import Clock
from shared.kernel.ending import end
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import uniform

log = structlog.get_logger()

T = TypeVar("T")

_LONGEST_REST_SECONDS = 60.0


class Errand:
    """One thing that is done again and again. Whoever does it waits `rest_seconds` at least before the next time."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._faults = 0

    @property
    def rest_seconds(self) -> float:
        """0 unless the last attempt ended by a fault; then 1, 2, 4 … for as many in a row, 60 at most."""
        return min(2.0 ** (self._faults - 1), _LONGEST_REST_SECONDS) if self._faults else 0.0

    async def attempt(self, work: Callable[[], Awaitable[T]], **about: object) -> T | None:
        """What `work` gives; None when it did not end well, which is then logged, beside `about`."""
        try:
            result = await work()
        except ColloquyError as error:
            self._faults = 0
            log.warning("service.errand_failed", errand=self._name, reason=str(error), **about)
        except Exception as error:  # whatever it is, nobody else may be there to do it
            self._faults = min(self._faults + 1, 10)
            # Without the text of the error, which may quote a row; its class and its way through the code say enough.
            way = "".join(traceback.format_tb(error.__traceback__))
            log.error("service.errand_broken", errand=self._name, error=type(error).__name__, traceback=way, **about)
        else:
            self._faults = 0
            return result
        return None


class NowAndThen:
    """Does `work` every `every_seconds`; a Component.

    At the start too, unless `is_spread`: then the first time comes later and all times vary by a half, so that many
    processes do not do it at the same moment.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[object]],
        *,
        every_seconds: float,
        clock: Clock,
        is_spread: bool = False,
    ) -> None:
        self._name, self._work, self._errand = name, work, Errand(name)
        self._every_seconds, self._clock, self._is_spread = every_seconds, clock, is_spread
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        if self._task is None:
            self._task = asyncio.create_task(self._go_on(), name=self._name)

    async def stop(self) -> None:
        """End, also in the middle of it."""
        task, self._task = self._task, None
        if task is not None:
            await end(task)

    async def _go_on(self) -> None:
        if self._is_spread:
            await self._pause()
        while True:
            await self._errand.attempt(self._work)
            await self._pause()

    async def _pause(self) -> None:
        pause = self._every_seconds * (uniform(0.5, 1.5) if self._is_spread else 1.0)
        await self._clock.sleep(max(pause, self._errand.rest_seconds))
