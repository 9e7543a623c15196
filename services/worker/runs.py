"""Which tasks this worker runs: take as many as it has room for, keep their leases, end them when they are revoked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import structlog

from shared.bus.outbox import Outbox
from shared.contracts.envelope import Envelopes
from shared.contracts.events import SessionChanged
from shared.contracts.worker import RunTask, RunTaskLow
from shared.evaluation.port import RunKilled
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError, Retryable
from shared.storage.database import Database
from shared.tasks.leases import Claim, KeyLost, Leases
from shared.tasks.records import Outcome, StaleTask, failure_of
from shared.tasks.store import Tasks

from .reporting import Report
from .task import TaskRunner

log = structlog.get_logger()

_RENEWALS_PER_LEASE = 3


class WorkerStopping(Retryable):
    """This worker is being stopped."""


class Runs:
    """The tasks in hand. A Component: stopping waits for them, then ends them."""

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
        concurrency: int,
        low_concurrency: int,
        lease_seconds: float,
        patience_seconds: float,
        drain_seconds: float,
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
        self._room = asyncio.Semaphore(concurrency)
        self._low_room = asyncio.Semaphore(low_concurrency)
        self._lease_seconds = lease_seconds
        self._patience_seconds = patience_seconds
        self._drain_seconds = drain_seconds
        self._cancels: dict[tuple[str, int], asyncio.Event] = {}
        """By task and fencing number: a task whose lease ran out may be claimed again beside its first run."""
        self._running: set[asyncio.Task[None]] = set()
        self._is_open = True

    async def start(self) -> None:
        """Nothing to begin: messages bring the tasks."""

    async def stop(self) -> None:
        """Take no more; wait some time for those in hand, then end them as lost."""
        self._is_open = False
        if self._running:
            log.info("worker.draining", tasks=len(self._running), limit_seconds=self._drain_seconds)
            await asyncio.wait(self._running, timeout=self._drain_seconds)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def take(self, message: RunTask | RunTaskLow) -> None:
        """Begin a task, as soon as there is room; returns when its lease is taken, and it runs on.

        The message may be forgotten then: the row says the rest. A message that waits too long goes back to the end of
        its queue, so that the broker never finds it unanswered. Raises WorkerStopping.
        """
        is_low = isinstance(message, RunTaskLow)
        async with contextlib.AsyncExitStack() as room:
            try:
                async with asyncio.timeout(self._patience_seconds):
                    if is_low:
                        await room.enter_async_context(self._low_room)
                    await room.enter_async_context(self._room)
            except TimeoutError:
                await self._ring_later(message)
                return
            if not self._is_open:
                raise WorkerStopping
            claim = await self._claim(message.task_id)
            if claim is None:
                return
            task = asyncio.create_task(self._run(claim, room.pop_all()), name=f"task {claim.task_id}")
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def revoke(self, task_id: str) -> None:
        """A task was revoked: end it, if it runs here."""
        for (each, _), cancelled in self._cancels.items():
            if each == task_id:
                cancelled.set()

    def in_hand(self) -> Sequence[str]:
        """The ids of the tasks that run here."""
        return [task_id for task_id, _ in self._cancels]

    async def _claim(self, task_id: str) -> Claim | None:
        try:
            return await self._leases.claim(
                self._database, task_id, owner=self._owner, lease_seconds=self._lease_seconds
            )
        except KeyLost as lost:
            log.error("task.key_lost", task=task_id, session=lost.session_id)
            async with self._database.transaction() as connection:
                now = self._clock.now()
                if await self._tasks.fail_for_lost_key(connection, task_id, lost.fencing, now=now):
                    event = SessionChanged(session_id=lost.session_id, version=0, cause="task", ended_tasks=(task_id,))
                    await self._outbox.add(connection, [self._envelopes.wrap(event)])
            self._wake_relay()
            return None

    async def _run(self, claim: Claim, room: contextlib.AsyncExitStack) -> None:
        key = (claim.task_id, claim.fencing)
        cancelled = self._cancels[key] = asyncio.Event()
        keeper = asyncio.create_task(self._keep(claim, cancelled))
        try:
            await self._runner.run(claim, cancelled=cancelled)
        except (RunKilled, StaleTask):
            log.info("task.ended_from_outside", task=claim.task_id, session=claim.session_id)
        except asyncio.CancelledError:
            await self._give_up(claim)
        except ColloquyError as error:
            # The lease runs out, and somebody else finds the task: what can be done then stands in shared.tasks.
            log.error("task.not_reported", task=claim.task_id, session=claim.session_id, reason=str(error))
        except Exception:
            log.exception("task.broken", task=claim.task_id, session=claim.session_id)
        finally:
            keeper.cancel()
            del self._cancels[key]
            await room.aclose()

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
        """The worker is stopped: another one may have a task that has not begun; one in the middle is not run again."""
        report = Report(Outcome(kind="failed", failure=failure_of("worker_lost")))
        with contextlib.suppress(ColloquyError):
            try:
                await self._leases.give_back(self._database, claim, after_seconds=0)
            except StaleTask:
                await self._runner.record(claim, report)

    async def _ring_later(self, message: RunTask | RunTaskLow) -> None:
        log.info("worker.busy", task=message.task_id, waited_seconds=self._patience_seconds)
        async with self._database.transaction() as connection:
            await self._outbox.add(connection, [self._envelopes.wrap(message, subject="")])
        self._wake_relay()
