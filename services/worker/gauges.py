"""What operators can watch: how many tasks wait and for how long, how many run, how much room this worker has.

The numbers of tasks are the whole installation's, and the same from every worker; room and runs are this process's.
"""

from __future__ import annotations

from shared.kernel.clock import Clock
from shared.kernel.now_and_then import NowAndThen
from shared.kernel.telemetry import Metrics
from shared.storage.database import Database
from shared.tasks.overview import figures

from .room import Room

_OPEN_STATES = ("pending", "running", "responding")
_LABELS = ("state", "priority")


class TaskGauges:
    """Looks at the tasks now and then. A Component."""

    def __init__(self, *, metrics: Metrics, database: Database, room: Room, clock: Clock, every_seconds: float) -> None:
        self._database = database
        self._tasks = metrics.gauge("tasks_open", "Background tasks that have not ended.", _LABELS)
        self._oldest = metrics.gauge(
            "tasks_open_oldest_seconds", "How long ago the oldest of them was launched.", _LABELS
        )
        metrics.gauge("worker_tasks_running", "Tasks in hand in this worker.").set_function(lambda: room.taken)
        metrics.gauge("worker_room", "How many tasks may run at once in this worker.").set(room.size)
        self._times = NowAndThen("task gauges", self.look, every_seconds=every_seconds, clock=clock)

    async def start(self) -> None:
        """Begin to look."""
        await self._times.start()

    async def stop(self) -> None:
        """Look no more."""
        await self._times.stop()

    async def look(self) -> None:
        """Take the numbers of this moment."""
        found = {(each.state, each.is_low_priority): each for each in await figures(self._database)}
        for state in _OPEN_STATES:
            for is_low in (False, True):
                each = found.get((state, is_low))
                labels = (state, "low" if is_low else "normal")
                self._tasks.labels(*labels).set(each.number if each else 0)
                self._oldest.labels(*labels).set(each.oldest_seconds if each else 0.0)
