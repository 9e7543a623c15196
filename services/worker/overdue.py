"""Look for tasks that nobody looks after: leases that ran out, doorbells and reports that were lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from shared.bus.outbox import Outbox
from shared.contracts.base import Message
from shared.contracts.envelope import Envelope, Envelopes
from shared.contracts.session import BackgroundEnded
from shared.contracts.worker import RunTask, RunTaskLow
from shared.kernel.clock import Clock
from shared.kernel.now_and_then import NowAndThen
from shared.storage.database import Database
from shared.tasks.leases import Leases, Overdue

log = structlog.get_logger()


class OverdueTasks:
    """Puts overdue tasks right, now and then. A Component; every worker has one."""

    def __init__(
        self,
        *,
        database: Database,
        leases: Leases,
        outbox: Outbox,
        envelopes: Envelopes,
        wake_relay: Callable[[], None],
        clock: Clock,
        in_hand: Callable[[], Sequence[str]],
        every_seconds: float,
    ) -> None:
        self._database = database
        self._leases = leases
        self._outbox = outbox
        self._envelopes = envelopes
        self._wake_relay = wake_relay
        self._clock = clock
        self._in_hand = in_hand
        self._times = NowAndThen("overdue tasks", self.look, every_seconds=every_seconds, clock=clock)

    async def start(self) -> None:
        """Begin to look."""
        await self._times.start()

    async def stop(self) -> None:
        """Look no more."""
        await self._times.stop()

    async def look(self) -> int:
        """Put right what is overdue; gives how many tasks that were.

        Leases of this worker's own runs are left to those who renew them: a machine that slept past them wakes up with
        its tasks still in hand.
        """
        async with self._database.transaction() as connection:
            found = await self._leases.take_overdue(connection, besides=self._in_hand())
            await self._outbox.add(connection, [self._envelope(each) for each in found])
        if found:
            self._wake_relay()
        for each in found:
            event = "task.worker_lost" if each.was_lost else "task.rung_again"
            log.warning(event, task=each.task_id, session=each.session_id, say=each.say)
        return len(found)

    def _envelope(self, overdue: Overdue) -> Envelope:
        message: Message
        match overdue.say:
            case "run":
                message = RunTask(task_id=overdue.task_id, session_id=overdue.session_id)
            case "run_low":
                message = RunTaskLow(task_id=overdue.task_id, session_id=overdue.session_id)
            case "ended":
                message = BackgroundEnded(
                    task_id=overdue.task_id, session_id=overdue.session_id, fencing=overdue.fencing
                )
                return self._envelopes.wrap(message)
        return self._envelopes.wrap(message, subject="")
