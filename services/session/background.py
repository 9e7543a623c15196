"""A task's first phase has ended: take its result in, as one turn (spec/area1 §6–§9, DESIGN §3 walk 2).

A value only ends the task. A response action, or the error action of a failure, is a turn on the newest answers, opened
with the task's grant. Either way the task's state and the notice for the browser are in the same commit; a second
delivery finds the task ended and only announces it again. What comes at the same time is taken in together: values in
one statement, response and error actions of one session in one turn, each on what the one before has changed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

import structlog

from services.session import notices, store
from services.session.announcing import Announcer
from services.session.errors import ErrorBook
from services.session.keys import DataKeys
from services.session.mail_line import INTERFACES, MailLine
from services.session.measures import TurnMeasures
from services.session.notices import TaskOver
from services.session.operations import Request, end_of_session, operation_of_task, response_action
from services.session.outcomes import Turned
from services.session.publishers import is_publisher
from services.session.task_ends import TaskEnds
from services.session.telling import Telling
from services.session.turn import Turns
from shared.contracts.events import SessionChanged
from shared.contracts.session import BackgroundEnded, BackgroundsEnded, Unattended
from shared.contracts.visitor import UserFacts, Visitor
from shared.crypto.aead import SealBroken
from shared.evaluation.task_pictures import failure_for_engine, failure_to_keep
from shared.interview.runtime.operations import Blobs
from shared.interview.runtime.outcomes import BackgroundValue, RunFailed, RunResult
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError, Retryable
from shared.kernel.ids import SessionId
from shared.kernel.together import Together
from shared.people.cron import CRON
from shared.storage.database import Database, Statements
from shared.tasks.records import REVOKED, EndedTask, Failure, FinalState, GrantBroken, StaleTask
from shared.tasks.store import TaskEnd, Tasks

log = structlog.get_logger()

_MOST_AT_ONCE = 32
_CLOSED = Failure(
    error_type="SessionClosed",
    error_message="The session was closed to background actions while this task ran: its multi_user was turned off.",
)


class TaskEndings:
    """Takes in the results of tasks."""

    def __init__(
        self,
        *,
        database: Database,
        tasks: Tasks,
        turns: Turns,
        announcer: Announcer,
        ends: TaskEnds,
        telling: Telling,
        mail_line: MailLine,
        errors: ErrorBook,
        measures: TurnMeasures,
        clock: Clock,
    ) -> None:
        self._database = database
        self._telling = telling
        self._tasks = tasks
        self._turns = turns
        self._announcer = announcer
        self._ends = ends
        self._mail_line = mail_line
        self._errors = errors
        self._measures = measures
        self._clock = clock
        self._load = Together(self._load_all)
        self._finish_one = Together(self._finish_all)
        self._responding: dict[str, Together[EndedTask, Exception | None]] = {}
        self._hands: Counter[str] = Counter()
        """How many results of a session with a response or error action are in hand."""

    async def take_in(self, message: BackgroundEnded) -> None:
        """End the task, whatever has come of it; without effect when it has ended already.

        Raises what the parts raise when they do not answer (all Retryable).
        """
        ended = await self._load(message.task_id)
        if isinstance(ended, Exception):
            log.error("task.key_lost", session=message.session_id, task=message.task_id, reason=str(ended))
            await self._tasks.fail_for_lost_key(self._database, message.task_id, message.fencing, now=self._clock.now())
            ended = None
        if ended is None or ended.fencing != message.fencing:
            await self._announce_again(message)
            return
        try:
            await self._end_somehow(ended)
            self._note(ended)
        except StaleTask:
            log.info("task.ended_meanwhile", session=ended.session_id, task=ended.task_id)
            await self._announce_again(message)
        if ended.request.interface in INTERFACES.values():  # its session's next mail has waited for it
            await self._mail_line.go_on(SessionId(ended.session_id), granted=ended.keys)

    async def take_in_all(self, message: BackgroundsEnded) -> None:
        """The same for several that have ended at the same moment, of any sessions.

        Raises what kept one of them from being taken in, once all the others are: those find nothing left to do when
        the message comes again.
        """
        outcomes = await asyncio.gather(
            *(self.take_in(BackgroundEnded(**each.model_dump())) for each in message.tasks), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    def _note(self, ended: EndedTask) -> None:
        """Count a failure of the first phase, but no revocation; that of a second one was counted by its turn."""
        failure = ended.outcome.failure
        if ended.outcome.kind == "failed" and failure is not None and failure != REVOKED:
            self._errors.note_at(ended.interview, failure.file, failure.line, failure.error_type)

    async def _load_all(self, task_ids: Sequence[str]) -> Sequence[EndedTask | GrantBroken | SealBroken | None]:
        return await self._tasks.ended_all(self._database, task_ids)

    async def _end_somehow(self, ended: EndedTask) -> None:
        """A result that cannot be taken in, and never will be, is the task's failure: nobody must wait for ever."""
        try:
            await self._end(ended)
        except (Retryable, StaleTask):
            raise
        except Exception as error:
            is_ours = isinstance(error, ColloquyError)
            reason = str(error) if is_ours else type(error).__name__
            log.error(
                "task.not_taken_in", session=ended.session_id, task=ended.task_id, reason=reason, exc_info=not is_ours
            )
            message = reason if is_ours else "The server made a mistake. It has been noted."
            await self._finish(ended, failure=Failure(error_type=type(error).__name__, error_message=message))

    async def _end(self, ended: EndedTask) -> None:
        match ended.outcome.kind:
            case "ends_session":
                await self._end_session(ended)
            case "value":
                await self._finish(ended, value=ended.outcome.json_value)
            case "response_action" | "failed" if ended.outcome.action is not None:
                await self._respond(ended)
            case _:
                await self._finish(ended, failure=ended.outcome.failure)

    async def _end_session(self, ended: EndedTask) -> None:
        """The session goes away, with the task; when others stay in it, the task ends without a value."""

        async def end_task(
            statements: Statements, runs: Sequence[tuple[RunResult, Blobs]], keys: DataKeys, version: int
        ) -> None:
            await self._end_with(statements, [_over(ended, keys, failure=None)], version)

        request = end_of_session(_request_of(ended))
        turned = await self._turns.run(request, granted=ended.keys, also=end_task)
        problem = _problem(turned)
        if problem is None:
            self._ends.tell([ended.task_id])
            return
        newer = await self._with_newer_keys(ended) if problem is _CLOSED else None
        await (self._finish(ended, failure=problem) if newer is None else self._end(newer))

    async def _respond(self, ended: EndedTask) -> None:
        """Run the response or error action; those of one session that wait for each other are saved together."""
        session_id = ended.session_id
        if session_id not in self._responding:
            self._responding[session_id] = Together(self._respond_all, most=_MOST_AT_ONCE)
        self._hands[session_id] += 1
        try:
            error = await self._responding[session_id](ended)
        finally:
            self._hands[session_id] -= 1
            if not self._hands[session_id]:
                del self._hands[session_id], self._responding[session_id]
        if error is not None:
            raise error

    async def _respond_all(self, several: Sequence[EndedTask]) -> Sequence[Exception | None]:
        """Second phases of one session, one after the other; gives for each what kept it from being taken in."""
        errors: list[Exception | None] = []
        company = _MOST_AT_ONCE
        while len(errors) < len(several):
            left = several[len(errors) :]
            try:
                errors += [None] * await self._respond_to(left[:company])
            except Exception as error:
                if company > 1 and len(left) > 1 and not isinstance(error, Retryable):
                    company = 1  # whose error that was, shows when each comes by itself
                elif isinstance(error, Retryable):
                    return [*errors, *(error for _ in left)]
                else:
                    errors.append(error)
        return errors

    async def _respond_to(self, several: Sequence[EndedTask]) -> int:
        """One turn for as many of them as go along with the first; how many were taken in, at least one."""
        ended = several[0]

        async def end_tasks(
            statements: Statements, runs: Sequence[tuple[RunResult, Blobs]], keys: DataKeys, version: int
        ) -> None:
            overs = [_over_after(each, keys, *run) for each, run in zip(several, runs, strict=False)]
            await self._end_with(statements, overs, version)

        first, *others = map(_second_phase, _under_one_key(several))
        turned = await self._turns.run(first, granted=ended.keys, also=end_tasks, followers=others)
        problem = _problem(turned)
        if problem is _CLOSED and (newer := await self._with_newer_keys(ended)) is not None:
            return await self._respond_to([newer])
        if problem is not None:
            await self._finish(ended, failure=problem)
            return 1
        done = 1 + turned.followers
        self._ends.tell(each.task_id for each in several[:done])
        if turned.next_failed is not None:
            with contextlib.suppress(StaleTask):
                await self._finish(several[done], failure=_failure_in(turned.next_failed))
            done += 1
        return done

    async def _end_with(self, statements: Statements, overs: Sequence[TaskOver], version: int) -> None:
        """End tasks in the transaction of a turn that leaves the session at this version. Raises StaleTask."""
        done = await notices.end_tasks(statements, overs, now=self._clock.now(), version=version)
        if len(done) < len(overs):
            raise StaleTask
        await self._tell_webhooks(statements, overs)

    async def _with_newer_keys(self, ended: EndedTask) -> EndedTask | None:
        """The session may have got a new key since the task was looked at."""
        newer = await self._tasks.ended(self._database, ended.task_id)
        if newer is not None and newer.fencing == ended.fencing and set(newer.keys) > set(ended.keys):
            return newer
        return None

    async def _finish(self, ended: EndedTask, *, value: object = None, failure: Failure | None = None) -> None:
        """End the task without a turn: the answers stay as they are. Raises StaleTask."""
        keys = DataKeys(SessionId(ended.session_id), max(ended.keys), ended.keys)
        if not await self._finish_one(_over(ended, keys, value=value, failure=failure)):
            raise StaleTask(f"Task {ended.task_id}, fencing {ended.fencing}.")

    async def _finish_all(self, overs: Sequence[TaskOver]) -> Sequence[bool]:
        # In one order, so that two statements that meet do not wait for each other.
        ordered = sorted(overs, key=lambda over: over.end.task_id)
        has_told = False
        if self._telling.has_any("TaskEnded"):
            async with self._database.transaction() as connection:
                versions = await notices.end_tasks(connection, ordered, now=self._clock.now())
                has_told = await self._tell_webhooks(connection, [over for over in ordered if over.mark in versions])
        else:
            versions = await notices.end_tasks(self._database, ordered, now=self._clock.now())
        self._telling.ring(has_rows=has_told)
        ended: dict[str, list[str]] = {}
        for over in overs:
            if versions.get(over.mark) is not None:
                ended.setdefault(over.keys.session_id, []).append(over.end.task_id)
        for over in overs:
            if (tasks := ended.pop(over.keys.session_id, None)) is not None:
                self._measures.told(len(tasks))
                self._announce(over.keys.session_id, versions[over.mark] or 0, tasks)
        self._ends.tell(task_id for task_id, _ in versions)
        return [over.mark in versions for over in overs]

    async def _tell_webhooks(self, statements: Statements, overs: Sequence[TaskOver]) -> bool:
        """Whether anybody wants to know."""
        has_told = False
        for over in overs:
            told = {"task_id": over.end.task_id, "state": over.end.state}
            has_told |= await self._telling.write(statements, "TaskEnded", over.keys.session_id, told)
        return has_told

    async def _announce_again(self, message: BackgroundEnded) -> None:
        """It has ended already: whoever told of it may have died before anybody heard."""
        version = await store.version_of(self._database, SessionId(message.session_id))
        if version is not None:
            self._announce(message.session_id, version, [message.task_id])
        self._ends.tell([message.task_id])
        await self._mail_line.go_on(SessionId(message.session_id))

    def _announce(self, session_id: str, version: int, task_ids: Sequence[str]) -> None:
        self._announcer.tell(
            SessionChanged(
                session_id=session_id,
                version=version,
                cause="task",
                operation_id=operation_of_task(task_ids[0]),
                has_notices=True,
                ended_tasks=tuple(task_ids),
            )
        )


def _under_one_key(several: Sequence[EndedTask]) -> Sequence[EndedTask]:
    """Those at the beginning whose own grants open what the first one's grant opens."""
    newest = max(several[0].keys)
    return list(takewhile(lambda ended: ended.keys.get(newest) == several[0].keys[newest], several))


def _second_phase(ended: EndedTask) -> Request:
    """The turn that runs a task's response or error action."""
    failure = ended.outcome.failure
    return response_action(
        _request_of(ended),
        action=ended.outcome.action or "",
        arguments=ended.arguments,
        language=ended.language,
        failure=failure_for_engine(failure) if failure else None,
    )


def _over_after(ended: EndedTask, keys: DataKeys, result: RunResult, blobs: Blobs) -> TaskOver:
    """How a task ends whose second phase has run."""
    value, payload = None, None
    if isinstance(result.outcome, BackgroundValue):
        value, payload = result.outcome.json_value, blobs.get("payload")
    return _over(ended, keys, value=value, payload=payload, failure=ended.outcome.failure)


def _over(
    ended: EndedTask, keys: DataKeys, *, value: object = None, payload: bytes | None = None, failure: Failure | None
) -> TaskOver:
    state: FinalState = "revoked" if failure == REVOKED else "failed" if failure else "succeeded"
    end = TaskEnd(ended.task_id, ended.fencing, keys, state, payload, failure)
    return TaskOver(end, keys, ended.audience, notices.command_for(notices.mode_of(ended.mode), value))


def _failure_in(result: RunResult) -> Failure:
    assert isinstance(result.outcome, RunFailed)
    return failure_to_keep(result.outcome.failure)


def _request_of(ended: EndedTask) -> Request:
    """What both kinds of turn for a task share: whose session, and as whom."""
    facts = ended.request.model_copy(update={"interface": "worker"})
    return Request(
        session_id=SessionId(ended.session_id),
        operation_id=operation_of_task(ended.task_id),
        visitor=Visitor(user=ended.user, request=facts),
        cause="task",
        unattended=_unattended(ended.user),
        task_id=ended.task_id,
        limit="action",
    )


def _unattended(user: UserFacts) -> Unattended | None:
    """Why a task ran that no person launched. The cron account and other services take part in no session: what they
    end is left to nobody, as with the action that launched the task.
    """
    if CRON in user.roles:
        return "cron"
    return "actions" if is_publisher(user) else None


def _problem(turned: Turned) -> Failure | None:
    """Why the second phase came to nothing, if it did."""
    match turned.reply.kind:
        case "missing" | "locked_out":
            return _CLOSED
        case _ if turned.result is not None and isinstance(turned.result.outcome, RunFailed):
            return _failure_in(turned.result)
        case _:
            return None
