"""What operators can watch of the tasks that run here: how long they take, and how they end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from shared.kernel.telemetry import Metrics


class TaskMeasures:
    """The numbers of one worker. How a task ended is the kind of its report, or `ended_from_outside`."""

    def __init__(self, metrics: Metrics) -> None:
        self._seconds = metrics.seconds(
            "task_seconds", "How long tasks are in hand, from claim to report.", ("priority", "outcome")
        )

    @contextmanager
    def task(self, *, is_low_priority: bool) -> Iterator[list[str]]:
        """For as long as a task is in hand; put into the list how it ended."""
        outcomes: list[str] = []
        began = time.perf_counter()
        try:
            yield outcomes
        finally:
            priority = "low" if is_low_priority else "normal"
            outcome = outcomes[-1] if outcomes else "ended_from_outside"
            self._seconds.labels(priority, outcome).observe(time.perf_counter() - began)
