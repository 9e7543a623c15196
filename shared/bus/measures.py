"""What operators can watch of a bus: what is in hand, how long it takes, how it ends, and what waits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from shared.kernel.telemetry import Metrics

Ending = Literal["done", "again", "dead", "cancelled"]


class BusMeasures:
    """The numbers of one process's bus. Queues are named without the prefix of the installation."""

    def __init__(self, metrics: Metrics) -> None:
        self._seconds = metrics.seconds("message_seconds", "How long handling a message takes.", ("queue", "ending"))
        self._in_hand = metrics.gauge("messages_in_hand", "Messages that are being handled.", ("queue",))
        self._ready = metrics.gauge(
            "queue_ready_messages", "Messages that no consumer has been given yet, as the broker counts.", ("queue",)
        )

    @contextmanager
    def handling(self, queue: str) -> Iterator[list[Ending]]:
        """For as long as a message is in hand; put into the list how it ended."""
        endings: list[Ending] = []
        in_hand, began = self._in_hand.labels(queue), time.perf_counter()
        in_hand.inc()
        try:
            yield endings
        finally:
            in_hand.dec()
            ending = endings[-1] if endings else "cancelled"
            self._seconds.labels(queue, ending).observe(time.perf_counter() - began)

    def waiting(self, queue: str, messages: int) -> None:
        """So many are ready in a queue."""
        self._ready.labels(queue).set(messages)
