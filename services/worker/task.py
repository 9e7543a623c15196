"""One claimed task: run its first phase on a snapshot, and record how that ended together with what it asked for."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from shared.bus.outbox import Outbox
from shared.contracts.base import Message, Sealer
from shared.contracts.envelope import Envelope, Envelopes
from shared.contracts.events import TaskRevoked
from shared.contracts.session import BackgroundEnded
from shared.contracts.worker import RunTask, RunTaskLow
from shared.crypto.aead import SealBroken
from shared.evaluation.port import Evaluator, PoolBusy, ProcessDied, RunKilled, RunTimedOut
from shared.evaluation.run_files import RunFiles
from shared.evaluation.task_pictures import pictures_for_engine
from shared.files.room import FileRoom
from shared.interview.runtime.effects import Effect, LaunchTask, LogLine, RevokeTask, SaveFile
from shared.interview.runtime.operations import Blobs, RunBackgroundAction, RunContext, RunRequest
from shared.interview.runtime.outcomes import RunResult
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError, Retryable
from shared.storage.database import Connection, Database
from shared.tasks.leases import Claim, Leases
from shared.tasks.records import NewTask, StaleTask
from shared.tasks.snapshot import SessionClosed, SessionMissing, Snapshot, Snapshots
from shared.tasks.store import Tasks

from .checkpoint import Checkpoint
from .host import TaskHost
from .reporting import Report, report_of, report_of_error

log = structlog.get_logger()

_BUSY_SECONDS = 0.5
_RETRY_SECONDS = 0.5

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What runs of this server may know of it."""

    language: str = "en"
    timezone: str = "America/New_York"
    country: str = "US"
    locale: str = "en_US.utf8"
    config: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRunner:
    """Runs claimed tasks."""

    database: Database
    leases: Leases
    tasks: Tasks
    snapshots: Snapshots
    evaluator: Evaluator
    files: FileRoom
    sealer: Sealer
    outbox: Outbox
    envelopes: Envelopes
    wake_relay: Callable[[], None]
    clock: Clock
    defaults: Defaults
    limit_seconds: float
    lease_seconds: float
    checkpoint: Checkpoint

    async def run(self, claim: Claim, *, cancelled: asyncio.Event) -> None:
        """Run and record. Raises RunKilled when `cancelled` is set, StaleTask when the lease is lost.

        Whatever else goes wrong is the task's failure: nobody must wait for a task that cannot end.
        """
        await self.checkpoint.reached("claimed", claim.task_id)
        try:
            files = RunFiles(self.files, sealer=self.sealer, clock=self.clock)
            report, effects, blobs = await self._first_phase(claim, files, cancelled)
            await self._persist(lambda: self.record(claim, report, effects, blobs, files), claim, cancelled)
        except (RunKilled, StaleTask):
            raise
        except Exception as error:
            is_ours = isinstance(error, ColloquyError)
            reason = str(error) if is_ours else type(error).__name__
            log.error("task.broken", task=claim.task_id, session=claim.session_id, reason=reason, exc_info=not is_ours)
            broken = report_of_error(error)
            await self._persist(lambda: self.record(claim, broken), claim, cancelled)

    async def _first_phase(
        self, claim: Claim, files: RunFiles, cancelled: asyncio.Event
    ) -> tuple[Report, Sequence[Effect], Blobs]:
        try:
            snapshot = await self._persist(
                lambda: self.snapshots.read(self.database, keys=claim.keys), claim, cancelled
            )
        except (SessionMissing, SessionClosed, SealBroken) as error:
            return report_of_error(error), (), {}
        await self._persist(
            lambda: self.leases.begin(self.database, claim, lease_seconds=self.lease_seconds), claim, cancelled
        )
        await self.checkpoint.reached("begun", claim.task_id)
        try:
            result, blobs = await self._evaluate(claim, snapshot, files, cancelled)
        except (RunTimedOut, ProcessDied) as error:
            return report_of_error(error), (), {}
        report = report_of(result, blobs)
        return report, () if report.has_failed else result.effects, blobs

    async def _persist(self, step: Callable[[], Awaitable[T]], claim: Claim, cancelled: asyncio.Event) -> T:
        """Try until the database answers, or the lease is lost: the work of hours must not end with a dropped line."""
        while True:
            try:
                return await step()
            except Retryable as error:
                if cancelled.is_set():
                    raise RunKilled from error
                log.warning("task.database_failed", task=claim.task_id, session=claim.session_id, reason=str(error))
                await self.clock.sleep(_RETRY_SECONDS)

    async def record(
        self,
        claim: Claim,
        report: Report,
        effects: Sequence[Effect] = (),
        blobs: Blobs | None = None,
        files: RunFiles | None = None,
    ) -> None:
        """Write down how it ended, and tell the session, in one transaction. Raises StaleTask."""
        async with self.database.transaction() as connection:
            await self.leases.record_outcome(
                connection, claim, report.outcome, arguments=report.arguments, payload=report.payload
            )
            envelopes = await self._carry_out(connection, claim, effects, blobs or {})
            if files is not None:
                await files.write(connection, files.changes(effects), keys=claim.keys)
            ended = BackgroundEnded(task_id=claim.task_id, session_id=claim.session_id, fencing=claim.fencing)
            await self.outbox.add(connection, [*envelopes, self.envelopes.wrap(ended)])
        await self.checkpoint.reached("recorded", claim.task_id)
        self.wake_relay()
        log.info("task.reported", task=claim.task_id, session=claim.session_id, outcome=report.outcome.kind)

    async def _evaluate(
        self, claim: Claim, snapshot: Snapshot, files: RunFiles, cancelled: asyncio.Event
    ) -> tuple[RunResult, Blobs]:
        request = RunRequest(
            operation=RunBackgroundAction(task_id=claim.task_id, action=claim.action, language=claim.language),
            context=self._context(claim, snapshot),
            tasks=pictures_for_engine(snapshot.tasks),
        )
        blobs = {"answers": snapshot.answers, "arguments": claim.arguments}
        host = TaskHost(statements=self.database, tasks=self.tasks, keys=claim.keys, files=files)
        files.begin(claim.keys, interview=snapshot.interview)
        while True:
            try:
                return await self.evaluator.run(
                    request, blobs, host=host, limit_seconds=self.limit_seconds, cancelled=cancelled
                )
            except PoolBusy as error:  # nothing of it has run yet
                if cancelled.is_set():
                    raise RunKilled from error
                await self.clock.sleep(_BUSY_SECONDS)

    def _context(self, claim: Claim, snapshot: Snapshot) -> RunContext:
        return RunContext(
            interview=snapshot.interview,
            session_code=snapshot.code,
            session_id=snapshot.session_id,
            user=claim.user,
            request=claim.request.model_copy(update={"interface": "worker"}),
            operation_id=f"task {claim.task_id}",
            steps=max(snapshot.steps, 1),
            is_encrypted=not snapshot.is_multi_user,
            now=self.clock.now().isoformat(),
            default_language=self.defaults.language,
            default_timezone=self.defaults.timezone,
            default_country=self.defaults.country,
            default_locale=self.defaults.locale,
            config=self.defaults.config or {},
        )

    async def _carry_out(
        self, connection: Connection, claim: Claim, effects: Sequence[Effect], blobs: Blobs
    ) -> list[Envelope]:
        """What background code may ask for besides its value: further tasks, revocations, lines in the log."""
        launched: list[NewTask] = []
        envelopes: list[Envelope] = []
        for effect in effects:
            match effect:
                case LaunchTask(task_id=task_id) if _is_id(task_id) and effect.arguments_blob in blobs:
                    launched.append(self._new_task(claim, effect, blobs))
                    envelopes.append(self.envelopes.wrap(_doorbell(effect, claim.session_id), subject=""))
                case RevokeTask(task_id=task_id, terminate=terminate):
                    is_revoked = await self.tasks.revoke(
                        connection,
                        task_id,
                        session_id=claim.session_id,
                        terminate=terminate,
                        now=self.clock.now(),
                    )
                    if is_revoked:
                        envelopes.append(self.envelopes.wrap(TaskRevoked(task_id=task_id, session_id=claim.session_id)))
                case LogLine(message=message):
                    log.info("interview.log", session=claim.session_id, task=claim.task_id, text=message)
                case SaveFile():
                    pass  # RunFiles writes them
                case _:
                    log.warning("task.effect_dropped", task=claim.task_id, session=claim.session_id, kind=effect.kind)
        await self.tasks.insert(connection, launched, keys=claim.keys)
        return envelopes

    def _new_task(self, claim: Claim, launch: LaunchTask, blobs: Blobs) -> NewTask:
        return NewTask(
            task_id=launch.task_id,
            action=launch.action,
            arguments=blobs[launch.arguments_blob],
            mode=launch.mode,
            language=launch.language,
            user=claim.user,
            request=claim.request,
            launched_at=self.clock.now(),
            is_low_priority=launch.is_low_priority,
        )


def _doorbell(launch: LaunchTask, session_id: str) -> Message:
    if launch.is_low_priority:
        return RunTaskLow(task_id=launch.task_id, session_id=session_id)
    return RunTask(task_id=launch.task_id, session_id=session_id)


def _is_id(text: str) -> bool:
    """Whether an interview process, which is not trusted, gave an id that can be stored."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
