"""One claimed task: run its first phase on a snapshot, and record how that ended together with what it asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog

from shared.bus.outbox import Outbox
from shared.bus.port import Bus
from shared.contracts.base import Message, Sealer
from shared.contracts.envelope import Envelope, Envelopes
from shared.contracts.events import TaskRevoked
from shared.contracts.session import BackgroundEnded
from shared.contracts.visitor import Visitor
from shared.contracts.worker import MOST_RINGS, RunTask, RunTaskLow
from shared.crypto.aead import SealBroken
from shared.evaluation.interview_log import write_log_lines
from shared.evaluation.port import Evaluator, PoolBusy, ProcessDied, RunKilled, RunTimedOut
from shared.evaluation.run_files import RunFiles
from shared.evaluation.run_mail import MailQueue, RunMail
from shared.evaluation.run_mailbox import MailboxParts, RunMailbox
from shared.evaluation.run_people import PeopleParts, RunPeople
from shared.evaluation.run_stores import Change, RunStores, StoreParts
from shared.files.room import FileRoom
from shared.interview.runtime.effects import Effect, LaunchTask, LogLine, RevokeTask, SaveFile
from shared.interview.runtime.operations import Blobs, RunBackgroundAction, RunContext, RunRequest
from shared.interview.runtime.outcomes import RunResult
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError, Retryable
from shared.mailbox.courier import Courier
from shared.storage.database import Connection, Database
from shared.stores.links import Links
from shared.tasks.leases import Claim, Leases, Record
from shared.tasks.records import NewTask, StaleTask
from shared.tasks.snapshot import SessionClosed, SessionMissing, Snapshot, Snapshots
from shared.tasks.store import Tasks, is_task_id

from .checkpoint import Checkpoint
from .host import TaskHost
from .ledger import Ledger
from .others import OtherSessions
from .progress import ProgressDesk
from .reporting import Report, report_of, report_of_error

log = structlog.get_logger()

_BUSY_SECONDS = 0.5
_RETRY_SECONDS = 0.5
_STALE_SECONDS = 1.0
"""A task that has waited for a process for longer looks at the answers again."""

_CAME_TO_A_SCREEN = "It came to a screen: is background_response() left out, or a variable that nothing defines?"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What runs of this server may know of it."""

    language: str = "en"
    timezone: str = "America/New_York"
    country: str = "US"
    locale: str = "en_US.utf8"
    config: dict[str, Any] | None = None
    author_redis_url: str = field(default="", repr=False)
    author_databases: dict[str, str] = field(default_factory=dict, repr=False)


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
    links: Links
    people: PeopleParts
    stores: StoreParts
    bus: Bus
    courier: Courier
    mailbox: MailboxParts
    mail_queue: MailQueue | None
    progress: ProgressDesk
    ledger: Ledger
    outbox: Outbox
    envelopes: Envelopes
    wake_relay: Callable[[], None]
    clock: Clock
    defaults: Defaults
    limit_seconds: float
    checkpoint: Checkpoint

    async def run(self, claim: Claim, *, cancelled: asyncio.Event, over: Callable[[], None]) -> str:
        """Run and record; gives the kind of the outcome.

        Raises RunKilled when `cancelled` is set, StaleTask when the lease is lost.
        `over` is called when its code has ended and only its end is still to be written down.
        Whatever else goes wrong is the task's failure: nobody must wait for a task that cannot end.
        """
        await self.checkpoint.reached("claimed", claim.task_id)
        try:
            files = RunFiles(self.files, sealer=self.sealer, clock=self.clock)
            stores = RunStores(self.stores, _visitor(claim), is_repeatable=False)
            mailbox = RunMailbox(self.mailbox, _visitor(claim), files)
            mail = RunMail(self.courier, self.mail_queue)
            report, effects, blobs = await self._first_phase(claim, files, stores, mailbox, mail, cancelled)
            over()
            kept = () if report.has_failed else (*stores.changes, *mailbox.changes, *mail.changes)
            await self._persist(lambda: self.record(claim, report, effects, blobs, files, kept), claim, cancelled)
            return report.outcome.kind
        except (RunKilled, StaleTask):
            raise
        except Exception as error:
            is_ours = isinstance(error, ColloquyError)
            reason = str(error) if is_ours else type(error).__name__
            log.error("task.broken", task=claim.task_id, session=claim.session_id, reason=reason, exc_info=not is_ours)
            broken = report_of_error(error)
            await self._persist(lambda: self.record(claim, broken), claim, cancelled)
            return broken.outcome.kind

    async def _first_phase(
        self,
        claim: Claim,
        files: RunFiles,
        stores: RunStores,
        mailbox: RunMailbox,
        mail: RunMail,
        cancelled: asyncio.Event,
    ) -> tuple[Report, Sequence[Effect], Blobs]:
        try:
            snapshot = self.snapshots.of(claim.look, keys=claim.keys)
        except (SessionMissing, SessionClosed, SealBroken) as error:
            return report_of_error(error), (), {}
        try:
            result, blobs = await self._evaluate(claim, snapshot, files, stores, mailbox, mail, cancelled)
        except (RunTimedOut, ProcessDied) as error:
            return report_of_error(error), (), {}
        write_log_lines(result.effects, session=claim.session_id, interview=snapshot.interview, task=claim.task_id)
        report = report_of(result, blobs)
        return report, () if report.has_failed else result.effects, blobs

    async def _begin(self, claim: Claim, cancelled: asyncio.Event) -> None:
        """There is a process for it: from here on interview code may have run."""
        await self._persist(lambda: self.ledger.begin(claim), claim, cancelled)
        await self.checkpoint.reached("begun", claim.task_id)

    async def _look_again(self, claim: Claim, blobs: Blobs) -> None:
        """It has waited for a process: what was saved meanwhile is what it runs on."""
        keys = await self.leases.keys_now(self.database, claim)
        blobs["answers"] = (await self.snapshots.read(self.database, keys=keys)).answers

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
        kept: Sequence[Change] = (),
    ) -> None:
        """Write down how it ended, and tell the session, in one transaction. Raises StaleTask."""
        if effects or kept:
            await self._record_with(claim, report, effects, blobs or {}, files, kept)
        else:
            await self.ledger.record(Record(claim, report.outcome, report.arguments, report.payload))
        await self.checkpoint.reached("recorded", claim.task_id)
        self.wake_relay()
        log.info("task.reported", task=claim.task_id, session=claim.session_id, outcome=report.outcome.kind)
        if (failure := report.outcome.failure) is not None:
            log.warning(
                "task.failed",
                task=claim.task_id,
                session=claim.session_id,
                interview=claim.interview,
                action=claim.action,
                error=failure.error_type,
                place=f"{failure.file}, line {failure.line}" if failure.file else "",
                advice=_CAME_TO_A_SCREEN if failure.error_type == "QuestionError" else "",
            )

    async def _record_with(
        self,
        claim: Claim,
        report: Report,
        effects: Sequence[Effect],
        blobs: Blobs,
        files: RunFiles | None,
        kept: Sequence[Change],
    ) -> None:
        """The same with what it asked for."""
        async with self.database.transaction() as connection:
            await self.leases.record_outcome(
                connection, claim, report.outcome, arguments=report.arguments, payload=report.payload
            )
            envelopes = await self._carry_out(connection, claim, effects, blobs)
            if files is not None:
                await files.write(connection, files.changes(effects), keys=claim.keys)
            for change in kept:
                await change(connection)
            ended = BackgroundEnded(task_id=claim.task_id, session_id=claim.session_id, fencing=claim.fencing)
            await self.outbox.add(connection, [*envelopes, self.envelopes.wrap(ended)])

    async def _evaluate(
        self,
        claim: Claim,
        snapshot: Snapshot,
        files: RunFiles,
        stores: RunStores,
        mailbox: RunMailbox,
        mail: RunMail,
        cancelled: asyncio.Event,
    ) -> tuple[RunResult, Blobs]:
        request = RunRequest(
            operation=RunBackgroundAction(task_id=claim.task_id, action=claim.action, language=claim.language),
            context=self._context(claim, snapshot),
        )
        blobs = {"answers": snapshot.answers, "arguments": claim.arguments}
        progress = self.progress.of(claim)
        mail.begin(run_id=f"task {claim.task_id}", session_id=claim.session_id, interview=snapshot.interview)
        host = TaskHost(
            statements=self.database,
            tasks=self.tasks,
            keys=claim.keys,
            version=snapshot.version,
            files=files,
            links=self.links,
            people=RunPeople(self.people, _visitor(claim), is_read_only=True),
            stores=stores,
            others=OtherSessions(self.bus, task_id=claim.task_id, session_id=claim.session_id, visitor=_visitor(claim)),
            mail=mail,
            mailbox=mailbox,
            progress=progress,
        )
        files.begin(claim.keys, interview=snapshot.interview)
        stores.begin(claim.keys, interview=snapshot.interview, code=snapshot.code)
        mailbox.begin(claim.keys, interview=snapshot.interview)
        claimed_at = self.clock.monotonic()

        async def begins() -> None:
            await self._begin(claim, cancelled)
            if self.clock.monotonic() - claimed_at > _STALE_SECONDS:
                await self._persist(lambda: self._look_again(claim, blobs), claim, cancelled)

        try:
            while True:
                try:
                    return await self.evaluator.run(
                        request,
                        blobs,
                        host=host,
                        limit_seconds=min(self.limit_seconds, claim.time_limit_seconds or self.limit_seconds),
                        cancelled=cancelled,
                        begins=begins,
                    )
                except PoolBusy as error:  # nothing of it has run yet
                    if cancelled.is_set():
                        raise RunKilled from error
                    await self.clock.sleep(_BUSY_SECONDS)
        finally:
            await progress.end()

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
            author_redis_url=self.defaults.author_redis_url,
            author_databases=self.defaults.author_databases,
        )

    async def _carry_out(
        self, connection: Connection, claim: Claim, effects: Sequence[Effect], blobs: Blobs
    ) -> list[Envelope]:
        """What background code may ask for besides its value: further tasks, revocations, lines in the log."""
        launched: list[NewTask] = []
        rung: Counter[bool] = Counter()
        envelopes: list[Envelope] = []
        for effect in effects:
            match effect:
                case LaunchTask(task_id=task_id) if is_task_id(task_id) and effect.arguments_blob in blobs:
                    launched.append(self._new_task(claim, effect, blobs))
                    rung[effect.is_low_priority] += 1
                    if rung[effect.is_low_priority] <= MOST_RINGS:
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
                case LogLine() | SaveFile():
                    pass  # the log has the one since the run, RunFiles writes the other
                case _:
                    log.warning("task.effect_dropped", task=claim.task_id, session=claim.session_id, kind=effect.kind)
        if launched:
            # Whoever gives the session a new key has waited for us since the outcome was written, or we for them.
            keys = await self.leases.keys_now(connection, claim)
            await self.tasks.insert(connection, launched, keys=keys)
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
            interview=claim.interview,
            time_limit_seconds=launch.time_limit_seconds,
            is_idempotent=launch.is_idempotent,
        )


def _visitor(claim: Claim) -> Visitor:
    """Who launched it, without their keys: those end with their browser."""
    return Visitor(user=claim.user, request=claim.request)


def _doorbell(launch: LaunchTask, session_id: str) -> Message:
    if launch.is_low_priority:
        return RunTaskLow(task_id=launch.task_id, session_id=session_id)
    return RunTask(task_id=launch.task_id, session_id=session_id)
