"""What operators can watch of time: what fired and rang, how late, and what is overdue."""

from __future__ import annotations

from datetime import datetime

from shared.kernel.telemetry import Metrics
from shared.storage.database import Statements

_LOOK = """
select count(*) as waiting, coalesce(extract(epoch from $1 - min(due_at)), 0)::double precision as oldest
from scheduler.timers where state = 'waiting'
"""


class TickerMeasures:
    """The numbers of one scheduler; what waits is the whole installation's."""

    def __init__(self, metrics: Metrics) -> None:
        self._fires = metrics.counter("fires_total", "Sweeps of cron types that were begun.", ("cron_type",))
        self._fire_late = metrics.seconds("fire_late_seconds", "How long after its moment a sweep was begun.")
        self._rung = metrics.counter("timers_rung_total", "Timers of sessions that rang.")
        self._timer_late = metrics.seconds("timer_late_seconds", "How long after its moment a timer rang.")
        self._waiting = metrics.gauge("timers_waiting", "Timers that are set.")
        self._overdue = metrics.gauge("timers_overdue_seconds", "How long the one that waits longest has been due.")

    def fired(self, cron_type: str, *, late_seconds: float | None = None) -> None:
        """A sweep was begun, of a type of the timetable or `other`; one that an operator asked for is never late."""
        self._fires.labels(cron_type).inc()
        if late_seconds is not None:
            self._fire_late.observe(late_seconds)

    def rang(self, *, late_seconds: float) -> None:
        """A timer rang."""
        self._rung.inc()
        self._timer_late.observe(late_seconds)

    async def look(self, statements: Statements, *, now: datetime) -> None:
        """Count what waits at this moment. Raises what the database raises."""
        found = await statements.fetchrow(_LOOK, now)
        if found is not None:
            self._waiting.set(found["waiting"])
            self._overdue.set(max(found["oldest"], 0.0))

    @classmethod
    def unseen(cls) -> TickerMeasures:
        """For whom nobody asks."""
        return cls(Metrics())
