"""Wake turns that wait for a task, in whatever process (DESIGN §6). Only a wake-up: how it ended is read from its row.

The word goes through Redis. Where that is away, who waits looks now and then instead.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable

from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError
from shared.storage.errors import RedisUnavailable
from shared.storage.listener import Inbox
from shared.storage.redis import Redis

_CHANNEL = "colloquy:tasks:ended"
_FIRST_SECONDS, _SLOWER, _LAST_SECONDS = 0.01, 1.5, 0.25
"""How long who hears nothing sleeps between two looks: longer each time."""


class TaskEnds:
    """Says that tasks have ended, and hears of it. A Component, so that the last words are not cut off."""

    def __init__(self, *, redis: Redis, clock: Clock, longest_seconds: float = 2.0) -> None:
        """`longest_seconds`: how long to rely on wake-ups. The word of a process that died may never come."""
        self._redis = redis
        self._clock = clock
        self._longest_seconds = longest_seconds
        self._saying: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Nothing to begin."""

    async def stop(self) -> None:
        """Wait for what is being said."""
        while self._saying:
            await asyncio.gather(*self._saying, return_exceptions=True)

    def tell(self, task_ids: Iterable[str]) -> None:
        """These tasks have ended, and that is committed."""
        saying = asyncio.create_task(self._say(" ".join(task_ids)))
        self._saying.add(saying)
        saying.add_done_callback(self._saying.discard)

    @contextlib.asynccontextmanager
    async def hear(self, task_id: str) -> AsyncIterator[Ear]:
        """Hear of everything that is said from here on about a task."""
        async with contextlib.AsyncExitStack() as stack:
            inbox: Inbox | None = None
            with contextlib.suppress(RedisUnavailable):
                inbox = await stack.enter_async_context(self._redis.listen(_CHANNEL))
            yield Ear(task_id, inbox, self._clock, self._longest_seconds)

    async def _say(self, ids: str) -> None:
        with contextlib.suppress(ColloquyError):
            await self._redis.publish(_CHANNEL, ids)


class Ear:
    """What one waiting turn hears."""

    def __init__(self, task_id: str, inbox: Inbox | None, clock: Clock, longest_seconds: float) -> None:
        self._task_id, self._inbox, self._clock = task_id.encode(), inbox, clock
        self._longest_seconds = longest_seconds
        self._pause = _FIRST_SECONDS

    async def until_worth_a_look(self) -> None:
        """The task may have ended; or it is time to look although nothing was heard."""
        if self._inbox is None:
            await self._clock.sleep(self._pause)
            self._pause = min(self._pause * _SLOWER, _LAST_SECONDS)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._longest_seconds):
                # An empty text: the line was lost and is back.
                while (said := await self._inbox.get()) and self._task_id not in said:
                    pass
