"""What operators can watch of turns: how long they take and end, how long they wait for each other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from services.session.lock import Lease
from services.session.operations import Cause
from shared.kernel.telemetry import Metrics


class TurnMeasures:
    """The numbers of one process's turns. How a turn ended is the kind of its reply, or `error`."""

    def __init__(self, metrics: Metrics) -> None:
        self._seconds = metrics.seconds("turn_seconds", "How long turns take, waiting included.", ("cause", "ending"))
        self._waits = metrics.seconds("lock_wait_seconds", "How long turns wait for their session.")
        self._overtakes = metrics.counter("lock_overtakes_total", "Turns that went on after the longest wait.")
        self._unguarded = metrics.counter("lock_unguarded_total", "Turns that went on without a lock: Redis was away.")
        self._refused = metrics.counter("turns_refused_total", "Commits refused because the session had changed.")
        self._notices = metrics.counter("notices_total", "Ends of tasks that pages are told of.")

    @contextmanager
    def turn(self, cause: Cause) -> Iterator[list[str]]:
        """For as long as a turn takes; put into the list how it ended."""
        endings: list[str] = []
        began = time.perf_counter()
        try:
            yield endings
        finally:
            self._seconds.labels(cause, endings[-1] if endings else "error").observe(time.perf_counter() - began)

    def entered(self, lease: Lease) -> None:
        """A turn has its session."""
        self._waits.observe(lease.waited_seconds)
        if lease.has_overtaken:
            self._overtakes.inc()
        if not lease.is_guarded:
            self._unguarded.inc()

    def refused(self) -> None:
        """A turn has to run again."""
        self._refused.inc()

    def told(self, count: int) -> None:
        """So many tasks have ended, and pages are told."""
        self._notices.inc(count)
