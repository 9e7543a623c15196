"""What a run asked for besides its screen, as rows of the commit: tasks with their doorbells, timers, revocations.

The child that ran the interview is not trusted: ids are checked, and everything is confined to its own session.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from services.session.keys import DataKeys
from services.session.operations import Request
from services.session.saving import Opened
from shared.bus.outbox import Outbox, OutboxColumns
from shared.contracts.base import Command, Sealed
from shared.contracts.envelope import Envelope, Envelopes
from shared.contracts.events import TaskRevoked
from shared.contracts.scheduler import CancelTimer, CancelTimers, ScheduleAction
from shared.contracts.worker import MOST_RINGS, RunTask, RunTaskLow
from shared.evaluation.interview_log import write_log_lines
from shared.evaluation.run_files import RunFiles
from shared.files.leftovers import discard
from shared.files.records import FileChange, grantee_names
from shared.files.store import Files
from shared.interview.runtime.effects import CancelScheduled, LaunchTask, LogLine, RevokeTask, SaveFile, ScheduleTimer
from shared.interview.runtime.operations import Blobs
from shared.interview.runtime.outcomes import RunResult
from shared.kernel.clock import Clock
from shared.kernel.errors import Malformed
from shared.kernel.ids import SessionId
from shared.mailbox import addresses, opt_outs, received
from shared.storage.database import Statements
from shared.stores.store import forget_session
from shared.tasks.records import NewTask
from shared.tasks.store import Tasks

Rows = Callable[[Statements], Awaitable[None]]


class BadEffect(Malformed):
    """A run asked for something that makes no sense."""


@dataclass(frozen=True, slots=True)
class Work:
    """Side effects of one turn."""

    messages: OutboxColumns
    rows: Sequence[Rows] = ()
    """Written in the same transaction, after the answers."""
    log_lines: Sequence[LogLine] = ()


class Effects:
    """Turns effects into rows, for all turns of a process."""

    def __init__(
        self,
        *,
        tasks: Tasks,
        files: Files,
        outbox: Outbox,
        envelopes: Envelopes,
        wake_relay: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._tasks = tasks
        self._files = files
        self._outbox = outbox
        self._envelopes = envelopes
        self._wake_relay = wake_relay
        self._clock = clock

    def of(
        self,
        request: Request,
        opened: Opened,
        keys: DataKeys,
        result: RunResult,
        blobs: Blobs,
        *,
        files: RunFiles,
        launched_already: frozenset[str] = frozenset(),
        begins_anew: bool = False,
    ) -> Work:
        """What is to be written with the answers. Raises BadEffect."""
        launched: list[NewTask] = []
        rung: Counter[bool] = Counter()
        envelopes: list[Envelope] = []
        rows: list[Rows] = []
        log_lines: list[LogLine] = []
        if begins_anew and opened.stored is not None:
            session_id = opened.keys.session_id
            rows.append(lambda statements: self._revoke_all(statements, session_id))
            envelopes.append(self._envelopes.wrap(CancelTimers(session_id=session_id)))
            rows.append(lambda statements: self._files.forget_session(statements, session_id, now=self._clock.now()))
        if changes := files.changes(result.effects):
            rows.append(_file_changes(files, changes, keys))
        for effect in result.effects:
            match effect:
                case LaunchTask(task_id=task_id):
                    if task_id not in launched_already:
                        launched.append(self.new_task(request, effect, blobs, interview=opened.name.interview))
                        rung[effect.is_low_priority] += 1
                        if rung[effect.is_low_priority] <= MOST_RINGS:
                            envelopes.append(self.doorbell(request.session_id, effect))
                case RevokeTask(task_id=task_id, terminate=terminate):
                    rows.append(self._revocation(request.session_id, _checked_id(task_id), terminate))
                case ScheduleTimer() | CancelScheduled():
                    envelopes.append(self._envelopes.wrap(_timer_message(request.session_id, effect)))
                case LogLine():
                    log_lines.append(effect)
                case SaveFile():
                    pass  # all of them are in `changes` above
                case _:
                    assert_never(effect)
        if keys.generation != opened.keys.generation:
            rows.insert(0, lambda statements: self._tasks.extend_grants(statements, keys=keys))
        if launched:
            rows.append(lambda statements: self._tasks.insert(statements, launched, keys=keys))
        return Work(self._outbox.rows(envelopes), rows, log_lines)

    def new_task(self, request: Request, launch: LaunchTask, blobs: Blobs, *, interview: str) -> NewTask:
        """The task a run launches. Raises BadEffect."""
        if launch.arguments_blob not in blobs:
            raise BadEffect("The arguments of a task are missing.")
        return NewTask(
            task_id=_checked_id(launch.task_id),
            action=launch.action,
            arguments=blobs[launch.arguments_blob],
            mode=launch.mode,
            language=launch.language,
            user=request.visitor.user,
            request=request.visitor.request,
            launched_at=self._clock.now(),
            is_low_priority=launch.is_low_priority,
            interview=interview,
            time_limit_seconds=launch.time_limit_seconds,
            is_idempotent=launch.is_idempotent,
        )

    def doorbell(self, session_id: SessionId, launch: LaunchTask) -> Envelope:
        """What wakes a worker for a task."""
        message: Command
        if launch.is_low_priority:
            message = RunTaskLow(task_id=launch.task_id, session_id=session_id)
        else:
            message = RunTask(task_id=launch.task_id, session_id=session_id)
        # Without a subject: tasks of one session may start in any order and at the same time.
        return self._envelopes.wrap(message, subject="", dedup_key=f"run {launch.task_id}")

    async def end_session_of(self, statements: Statements, session_id: SessionId, *, heirs: Sequence[int]) -> None:
        """The session is deleted: its tasks end, nothing is left of them, and its files go but for persistent ones.

        `heirs` are accounts that may open these from now on.
        """
        for heir in grantee_names(users=heirs) or (None,):
            await self._files.forget_session(statements, session_id, now=self._clock.now(), heir=heir)
        await self._forget_mail(statements, session_id)
        await self._revoke_all(statements, session_id)
        await self._tasks.forget(statements, session_id)
        await forget_session(statements, session_id)
        await opt_outs.forget_session(statements, session_id)
        await self.forget_timers(statements, session_id)

    async def _forget_mail(self, statements: Statements, session_id: SessionId) -> None:
        """Mail to its addresses is refused from now on, and what came is gone."""
        now = self._clock.now()
        await addresses.retire(statements, session_id, now=now)
        await discard(statements, await received.forget_session(statements, session_id), due_at=now)

    async def forget_timers(self, statements: Statements, session_id: SessionId) -> None:
        """Let the scheduler forget the timers of a session."""
        await self._outbox.add(statements, [self._envelopes.wrap(CancelTimers(session_id=session_id))])

    def wake(self) -> None:
        """Something was committed for the relay to publish."""
        self._wake_relay()

    def committed(self, work: Work, session_id: SessionId, interview: str) -> None:
        """After the commit: let the relay publish, and write what interview code logs."""
        if work.rows or work.messages.ids:
            self._wake_relay()
        write_log_lines(work.log_lines, session=session_id, interview=interview)

    async def _revoke_all(self, statements: Statements, session_id: SessionId) -> None:
        """End what has not ended, also tasks that other tasks have launched since the session was loaded."""
        revoked = await self._tasks.revoke_all(statements, session_id, now=self._clock.now())
        events = [TaskRevoked(task_id=task_id, session_id=session_id) for task_id in revoked]
        await self._outbox.add(statements, [self._envelopes.wrap(event) for event in events])

    def _revocation(self, session_id: SessionId, task_id: str, terminate: bool) -> Rows:
        async def revoke(statements: Statements) -> None:
            now = self._clock.now()
            if await self._tasks.revoke(statements, task_id, session_id=session_id, terminate=terminate, now=now):
                event = TaskRevoked(task_id=task_id, session_id=session_id)
                await self._outbox.add(statements, [self._envelopes.wrap(event)])

        return revoke


def joined(messages: Iterable[OutboxColumns]) -> OutboxColumns:
    """The messages of several works in one."""
    together = ([entry for column in columns for entry in column] for columns in zip(*messages, strict=True))
    return OutboxColumns(*together)


def _file_changes(files: RunFiles, changes: Sequence[FileChange], keys: DataKeys) -> Rows:
    return lambda statements: files.write(statements, changes, keys=keys)


def _timer_message(session_id: SessionId, effect: ScheduleTimer | CancelScheduled) -> Command:
    timer_id = _checked_id(effect.timer_id)
    if isinstance(effect, CancelScheduled):
        return CancelTimer(timer_id=timer_id, session_id=session_id)
    try:
        due = datetime.fromisoformat(effect.due)
    except ValueError:
        raise BadEffect("The time of a scheduled action is not an ISO 8601 time.") from None
    if due.tzinfo is None:
        raise BadEffect("The time of a scheduled action has no time zone.")
    return ScheduleAction(
        timer_id=timer_id,
        session_id=session_id,
        action=effect.action,
        arguments=Sealed(effect.arguments),
        due=due,
        repeat=effect.repeat,
    )


def _checked_id(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise BadEffect("The id of a task or timer is not a UUID.") from None
