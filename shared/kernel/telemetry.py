"""Numbers for operators, and the thread that ties log lines of one request together across services.

Metrics are named `colloquy_<what>_<unit>`: counters end in `_total`, durations in `_seconds`, sizes in `_bytes`.
Labels are few and closed: never a session, a person, an interview's text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics import MetricWrapperBase

from shared.kernel.errors import ColloquyError
from shared.kernel.ids import random_bytes

M = TypeVar("M", bound=MetricWrapperBase)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
BYTES = tuple(float(4**power) for power in range(3, 14))

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*\Z")
_FORBIDDEN_LABELS = frozenset({"session", "session_id", "code", "user", "email", "address", "task_id", "url"})


class BadMetric(ColloquyError):
    """A metric is named against the rules of shared/kernel/telemetry.py."""


class Metrics:
    """The metrics of one process; asking twice for the same name gives the same metric."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._metrics: dict[str, MetricWrapperBase] = {}

    def counter(self, name: str, text: str, labels: Sequence[str] = ()) -> Counter:
        """Something that only grows: `counter("turns_total", "Turns by how they ended.", ("outcome",))`."""
        if not name.endswith("_total"):
            raise BadMetric(f"The counter {name} must end in _total.")
        return self._made(Counter, name, text, labels)

    def gauge(self, name: str, text: str, labels: Sequence[str] = ()) -> Gauge:
        """Something that goes up and down: `gauge("pool_children", "Interview processes.", ("state",))`."""
        return self._made(Gauge, name, text, labels)

    def seconds(self, name: str, text: str, labels: Sequence[str] = ()) -> Histogram:
        """Durations: `seconds("turn_seconds", "How long turns take.", ("operation",))`."""
        if not name.endswith("_seconds"):
            raise BadMetric(f"The histogram of durations {name} must end in _seconds.")
        return self._made(Histogram, name, text, labels, buckets=SECONDS)

    def bytes(self, name: str, text: str, labels: Sequence[str] = ()) -> Histogram:
        """Sizes: `bytes("step_bytes", "Stored size of a step.")`."""
        if not name.endswith("_bytes"):
            raise BadMetric(f"The histogram of sizes {name} must end in _bytes.")
        return self._made(Histogram, name, text, labels, buckets=BYTES)

    def render(self) -> str:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry).decode()

    def _made(self, kind: type[M], name: str, text: str, labels: Sequence[str], **options: Sequence[float]) -> M:
        if not _NAME.match(name) or name.startswith("colloquy"):
            raise BadMetric(f"{name!r} is not in snake case, or has the prefix already.")
        if forbidden := _FORBIDDEN_LABELS.intersection(labels):
            raise BadMetric(f"{name} must not have labels {', '.join(sorted(forbidden))}.")
        found = self._metrics.get(name)
        if found is None:
            found = kind(f"colloquy_{name}", text, tuple(labels), registry=self.registry, **options)  # type: ignore[arg-type]
            self._metrics[name] = found
        if not isinstance(found, kind):
            raise BadMetric(f"{name} exists with another kind.")
        return found


@dataclass(frozen=True, slots=True)
class Trace:
    """One step of one request's way through the services (W3C Trace Context, header `traceparent`)."""

    trace_id: str
    span_id: str

    @classmethod
    def new(cls) -> Trace:
        """The beginning of a new way."""
        return cls(random_bytes(16).hex(), random_bytes(8).hex())

    @classmethod
    def continued(cls, traceparent: str) -> Trace:
        """A new step on the way that a header names; a new way when it names none."""
        match = _TRACEPARENT.match(traceparent)
        if match is None or set(match[1]) == {"0"}:
            return cls.new()
        return cls(match[1], random_bytes(8).hex())

    @property
    def traceparent(self) -> str:
        """What the next service is given."""
        return f"00-{self.trace_id}-{self.span_id}-01"


_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
