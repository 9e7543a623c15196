"""Time as a part: services take a Clock, tests give one they can move. All times are aware UTC."""

from __future__ import annotations

import asyncio
import heapq
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What time it is, and waiting for it."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backwards, for measuring waits."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that stands still until `advance`; sleepers wake in the order they are due."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._monotonic = 0.0
        self._order = 0
        self._sleepers: list[tuple[float, int, asyncio.Event]] = []

    def now(self) -> datetime:
        """The time this clock was moved to."""
        return self._now

    def monotonic(self) -> float:
        """Seconds this clock was moved by."""
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Wait until `advance` has passed the due moment."""
        woken = asyncio.Event()
        self._order += 1
        heapq.heappush(self._sleepers, (self._monotonic + max(seconds, 0.0), self._order, woken))
        if seconds <= 0:
            self._wake()
        await woken.wait()

    async def advance(self, seconds: float) -> None:
        """Move the time and let every due sleeper run."""
        self._monotonic += seconds
        self._now += timedelta(seconds=seconds)
        self._wake()
        for _ in range(10):
            await asyncio.sleep(0)

    def _wake(self) -> None:
        while self._sleepers and self._sleepers[0][0] <= self._monotonic:
            heapq.heappop(self._sleepers)[2].set()
