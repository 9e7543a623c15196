"""Clocks that run as the machine's does, but are set on by tests: days pass while services run."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from shared.kernel.clock import SystemClock

_LOOK_SECONDS = 0.02


class MovedClock:
    """The machine's clock and an offset. Whoever sleeps until a time wakes up when the clock is set past it."""

    def __init__(self) -> None:
        self._machine = SystemClock()
        self._ahead = timedelta(0)

    def move(self, **span: float) -> None:
        """Set it on, by days, hours, minutes, seconds."""
        self._ahead += timedelta(**span)

    def now(self) -> datetime:
        """The time it shows."""
        return self._machine.now() + self._offset()

    def monotonic(self) -> float:
        """Seconds that pass as they do: setting a clock makes no wait longer or shorter."""
        return self._machine.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait until it shows a time so much later."""
        until = self.now() + timedelta(seconds=seconds)
        while (left := (until - self.now()).total_seconds()) > 0:
            await asyncio.sleep(min(left, _LOOK_SECONDS))
        await asyncio.sleep(0)

    def _offset(self) -> timedelta:
        return self._ahead


class ClockOfFile(MovedClock):
    """One that several processes look at: how far ahead it is, in seconds, stands in a file.

    `skew_seconds` is how much this process' clock is ahead of the others'.
    """

    def __init__(self, path: Path, *, skew_seconds: float = 0.0) -> None:
        super().__init__()
        self._path, self._skew = path, timedelta(seconds=skew_seconds)

    def move(self, **span: float) -> None:
        """Set it on, for everybody who looks at it."""
        ahead = self._offset() - self._skew + timedelta(**span)
        new = self._path.with_suffix(".new")
        new.write_text(str(ahead.total_seconds()))
        new.replace(self._path)

    def move_to(self, moment: datetime) -> None:
        """Set it on to a time."""
        self.move(seconds=(moment - self.now()).total_seconds())

    def _offset(self) -> timedelta:
        ahead = float(self._path.read_text()) if self._path.exists() else 0.0
        return timedelta(seconds=ahead) + self._skew
