"""How many interviews run at once: slots, a bounded queue for them, and slots lent by those that wait (DESIGN §6)."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from shared.evaluation.port import PoolBusy
from shared.interview.errors import HostRefused

_Queue = deque[asyncio.Future[None]]


class Slots:
    """`size` may run at once, `maximum` counts also those that wait for an answer, `backlog` may queue.

    Who comes back from a wait goes before who is new: it holds a process and perhaps a lock.
    """

    def __init__(self, *, size: int, maximum: int, backlog: int) -> None:
        if not 1 <= size < maximum:
            raise ValueError("A pool needs at least one slot, and room for one more process than slots.")
        self.size, self.maximum, self._backlog = size, maximum, backlog
        self._running = 0
        self._lent = 0
        self._new: _Queue = deque()
        self._returning: _Queue = deque()

    @property
    def running(self) -> int:
        """How many slots are taken."""
        return self._running

    @property
    def lent(self) -> int:
        """How many runs wait for an answer, with their slots lent to others."""
        return self._lent

    @property
    def queued(self) -> int:
        """How many wait for a slot."""
        return sum(not waiter.done() for waiter in self._new)

    @contextlib.asynccontextmanager
    async def take(self) -> AsyncIterator[Slot]:
        """Hold a slot for the time of the block. Raises PoolBusy when the queue is full."""
        if self._running >= self.size and self.queued >= self._backlog:
            raise PoolBusy(f"{self.size} run and {self._backlog} wait.")
        await self._enter(self._new)
        slot = Slot(self)
        try:
            yield slot
        finally:
            if slot.is_held:
                self._leave()

    async def _enter(self, queue: _Queue) -> None:
        if self._running < self.size:
            self._running += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        for queue in (self._returning, self._new):
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._running -= 1


class Slot:
    """One taken slot."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self.is_held = True

    @contextlib.asynccontextmanager
    async def lend(self) -> AsyncIterator[None]:
        """Let somebody else run for the time of the block, then wait for a slot again.

        Raises HostRefused when so many wait already that another process would be one too many.
        """
        slots = self._slots
        if slots._lent >= slots.maximum - slots.size:
            raise HostRefused(
                f"{slots._lent} interviews of this server are waiting for tasks or other sessions already, "
                "which is as many as it allows. Do not wait here: ask again later with .ready()."
            )
        slots._lent += 1
        self.is_held = False
        slots._leave()
        is_cancelled = False
        try:
            yield
        except asyncio.CancelledError:
            is_cancelled = True
            raise
        finally:
            try:
                if not is_cancelled:
                    await slots._enter(slots._returning)
                    self.is_held = True
            finally:
                slots._lent -= 1
