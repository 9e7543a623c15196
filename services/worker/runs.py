"""Which tasks this worker runs: as many as it has room for, each when its turn has come; and their leases.

A message is a doorbell: it says that there is work, not which. Whoever has room takes the task whose turn it is
(shared/tasks/store.py), and goes on with the next one until there is none. Looking without a doorbell, now and then, is
the net: for messages that are lost, and for the time in which the broker is away.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import structlog

from shared.bus.outbox import Outbox
from shared.contracts.base import Message
from shared.contracts.envelope import Envelopes
from shared.contracts.events import SessionChanged
from shared.contracts.worker import RunTask, RunTaskLow
from shared.evaluation.port import RunKilled
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError
from shared.kernel.now_and_then import NowAndThen
from shared.kernel.tracing import span
from shared.storage.database import Database
from shared.tasks.leases import Claim, KeyLost, Leases
from shared.tasks.records import Outcome, StaleTask, failure_of
from shared.tasks.store import Tasks

from .claims import Claims
from .measures import TaskMeasures
from .reporting import Report
from .room import Room
from .task import TaskRunner

log = structlog.get_logger()

_RENEWALS_PER_LEASE = 3
_UNREPORTED_PER_PLACE = 4


class Runs:
    """The tasks in hand. A Component: stopping waits for them, then hands them back or ends them."""

    def __init__(
        self,
        *,
        runner: TaskRunner,
        database: Database,
        leases: Leases,
        tasks: Tasks,
        outbox: Outbox,
        envelopes: Envelopes,
        wake_relay: Callable[[], None],
        clock: Clock,
        owner: str,
        room: Room,
        lease_seconds: float,
        patience_seconds: float,
        look_seconds: float,
        drain_seconds: float,
        measures: TaskMeasures,
        priorities: Sequence[bool] = (False, True),
    ) -> None:
        self._runner = runner
        self._database = database
        self._leases = leases
        self._tasks = tasks
        self._outbox = outbox
        self._envelopes = envelopes
        self._wake_relay = wake_relay
        self._clock = clock
        self._owner = owner
        self._room = room
        self._claims = Claims(
            database=database,
            leases=leases,
            room=room,
            owner=owner,
            lease_seconds=lease_seconds,
            lost=self._fail_for_lost_key,
            unwanted=self._give_up,
        )
        self._lease_seconds = lease_seconds
        self._patience_seconds = patience_seconds
        self._drain_seconds = drain_seconds
        self._measures = measures
        self._priorities = tuple(priorities)
        """Which tasks are looked for without a doorbell; True stands for low priority."""
        self._cancels: dict[tuple[str, int], asyncio.Event] = {}
        """By task and fencing number: a task whose lease ran out may be claimed again beside its first run."""
        self._running: set[asyncio.Task[None]] = set()
        self._times = NowAndThen("look for tasks", self.look, every_seconds=look_seconds, clock=clock)
        self._is_open = True

    async def start(self) -> None:
        """Begin to look for work; doorbells bring it sooner."""
        await self._times.start()

    async def drain(self) -> None:
        """Take no more; wait some time for those in hand, then hand back what may run again and end the others.

        Doorbells that wait here, or still come, go back to their queue for another worker.
        """
        self._is_open = False
        self._room.close()
        if self._running:
            log.info("worker.draining", tasks=len(self._running), limit_seconds=self._drain_seconds)
            await asyncio.wait(self._running, timeout=self._drain_seconds)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def stop(self) -> None:
        """Drain, if that has not been done yet."""
        await self._times.stop()
        await self.drain()

    async def take(self, message: RunTask | RunTaskLow) -> None:
        """There is work: run the next task, as soon as there is room; returns when its lease is taken.

        The message may be forgotten then: the row says the rest. A message that waits too long goes back to the end of
        its queue, so that the broker never finds it unanswered. Raises WorkerStopping.
        """
        is_low = isinstance(message, RunTaskLow)
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._room.enter(is_low=is_low)
        except TimeoutError:
            await self._ring_later(message)
        else:
            if await self._fill(is_low):
                self._look_for_more(is_low)

    async def look(self) -> None:
        """Run what is waiting, as far as there is room, without being rung for."""
        for is_low in self._priorities:
            while self._room.try_enter(is_low=is_low) and await self._fill(is_low):
                pass

    def _look_for_more(self, is_low: bool) -> None:
        """A turn that launches many tasks rings for some of them only: whoever finds one looks for others."""
        while self._room.try_enter(is_low=is_low):
            filling = asyncio.create_task(self._fill_quietly(is_low))
            self._running.add(filling)
            filling.add_done_callback(self._running.discard)

    async def _fill_quietly(self, is_low: bool) -> None:
        try:
            await self._fill(is_low)
        except ColloquyError as error:
            log.warning("worker.no_next_task", reason=str(error))

    def revoke(self, task_id: str) -> None:
        """A task was revoked: end it, if it runs here."""
        for (each, _), cancelled in self._cancels.items():
            if each == task_id:
                cancelled.set()

    def in_hand(self) -> Sequence[str]:
        """The ids of the tasks that run here."""
        return [task_id for task_id, _ in self._cancels]

    async def _fill(self, is_low: bool) -> bool:
        """Begin the next task in a place that has been taken; leave it when there is none."""
        try:
            claim = await self._claims.next(is_low=is_low)
        except BaseException:
            self._room.leave(is_low=is_low)
            raise
        if claim is None:
            self._room.leave(is_low=is_low)
            return False
        task = asyncio.create_task(self._work(claim, is_low), name="tasks")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return True

    async def _work(self, claim: Claim | None, is_low: bool) -> None:
        """Run a task and those after it, as long as nobody else waits for the place."""
        try:
            while claim is not None:
                await self._until_over(claim)
                if self._room.is_awaited:
                    return
                claim = await self._claims.next(is_low=is_low)
        except ColloquyError as error:
            log.warning("worker.no_next_task", reason=str(error))
        finally:
            self._room.leave(is_low=is_low)

    async def _until_over(self, claim: Claim) -> None:
        """Run a task, until its place is free: while its end is written down, the next one may run.

        As long as that goes on at all: with a database that does not answer, places fill up.
        """
        over = asyncio.Event()
        run = asyncio.create_task(self._run(claim, over.set), name=f"task {claim.task_id}")
        self._running.add(run)
        run.add_done_callback(self._running.discard)
        run.add_done_callback(lambda _: over.set())
        try:
            await over.wait()
            if len(self._cancels) > _UNREPORTED_PER_PLACE * self._room.size:
                await asyncio.wait([run])
        finally:
            self._room.end(claim.session_id, claim.interview)

    async def _fail_for_lost_key(self, lost: KeyLost) -> None:
        log.error("task.key_lost", task=lost.task_id, session=lost.session_id)
        async with self._database.transaction() as connection:
            now = self._clock.now()
            await self._tasks.fail_for_lost_key(connection, lost.task_id, lost.fencing, now=now)
            changed = SessionChanged(
                session_id=lost.session_id, version=0, cause="task", has_notices=True, ended_tasks=(lost.task_id,)
            )
            await self._outbox.add(connection, [self._envelopes.wrap(changed)])
        self._wake_relay()

    async def _run(self, claim: Claim, over: Callable[[], None]) -> None:
        key = (claim.task_id, claim.fencing)
        cancelled = self._cancels[key] = asyncio.Event()
        keeper = asyncio.create_task(self._keep(claim, cancelled))
        try:
            with (
                self._measures.task(is_low_priority=claim.is_low_priority) as outcome,
                span("task", task=claim.task_id, session=claim.session_id),
            ):
                outcome.append(await self._runner.run(claim, cancelled=cancelled, over=over))
        except (RunKilled, StaleTask):
            log.info("task.ended_from_outside", task=claim.task_id, session=claim.session_id)
        except asyncio.CancelledError:
            await self._give_up(claim)
            raise
        except ColloquyError as error:
            # The lease runs out, and somebody else finds the task: what can be done then stands in shared.tasks.
            log.error("task.not_reported", task=claim.task_id, session=claim.session_id, reason=str(error))
        except Exception:
            log.exception("task.broken", task=claim.task_id, session=claim.session_id)
        finally:
            keeper.cancel()
            del self._cancels[key]

    async def _keep(self, claim: Claim, cancelled: asyncio.Event) -> None:
        """Renew the lease for as long as the task runs; without it, the run must end."""
        pause = self._lease_seconds / _RENEWALS_PER_LEASE
        deadline = self._clock.monotonic() + self._lease_seconds
        while not cancelled.is_set():
            await self._clock.sleep(pause)
            try:
                await self._leases.renew(self._database, claim, lease_seconds=self._lease_seconds)
                deadline = self._clock.monotonic() + self._lease_seconds
            except StaleTask:
                cancelled.set()
            except ColloquyError as error:
                log.warning("task.lease_not_renewed", task=claim.task_id, reason=str(error))
                if self._clock.monotonic() >= deadline:
                    cancelled.set()

    async def _give_up(self, claim: Claim) -> None:
        """The worker is stopped: another one may have a task that has not begun, or that may run again; any other is
        in the middle, and is not run a second time.
        """
        report = Report(Outcome(kind="failed", failure=failure_of("worker_lost")))
        with contextlib.suppress(ColloquyError):
            try:
                async with self._database.transaction() as connection:
                    await self._leases.give_back(connection, claim, after_seconds=0)
                    await self._outbox.add(connection, [self._envelopes.wrap(_doorbell(claim), subject="")])
                self._wake_relay()
                log.info("task.handed_back", task=claim.task_id, session=claim.session_id)
            except StaleTask:
                await self._runner.record(claim, report)

    async def _ring_later(self, message: RunTask | RunTaskLow) -> None:
        log.info("worker.busy", task=message.task_id, waited_seconds=self._patience_seconds)
        async with self._database.transaction() as connection:
            await self._outbox.add(connection, [self._envelopes.wrap(message, subject="")])
        self._wake_relay()


class Draining:
    """Stops first of all: no task is taken any more while reports of those in hand still go out. A Component."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def start(self) -> None:
        """Nothing to begin."""

    async def stop(self) -> None:
        """Finish or hand back what runs here."""
        await self._runs.drain()


def _doorbell(claim: Claim) -> Message:
    kind = RunTaskLow if claim.is_low_priority else RunTask
    return kind(task_id=claim.task_id, session_id=claim.session_id)
