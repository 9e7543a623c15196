"""A task's first phase has ended: take its result in, as one turn (spec/area1 §6–§9, DESIGN §3 walk 2).

A value only ends the task. A response action, or the error action of a failure, is a turn on the newest answers, opened
with the task's grant. Either way the task's state and the notice for the browser are in the same commit; a second
delivery finds the task ended and only announces it again.
"""

from __future__ import annotations

import structlog

from services.session import notices, store
from services.session.announcing import Announcer
from services.session.keys import DataKeys
from services.session.operations import Request, end_of_session, operation_of_task, response_action
from services.session.turn import Turned, Turns
from shared.contracts.events import SessionChanged
from shared.contracts.session import BackgroundEnded
from shared.contracts.visitor import Visitor
from shared.crypto.aead import SealBroken
from shared.evaluation.task_pictures import failure_for_engine, failure_to_keep
from shared.interview.runtime.effects import NotificationMode
from shared.interview.runtime.operations import Blobs
from shared.interview.runtime.outcomes import BackgroundValue, RunFailed, RunResult
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError, Retryable
from shared.kernel.ids import SessionId
from shared.storage.database import Database, Statements
from shared.tasks.records import EndedTask, Failure, GrantBroken, StaleTask
from shared.tasks.store import Tasks

log = structlog.get_logger()

_CLOSED = Failure(
    error_type="SessionClosed",
    error_message="The session was closed to background actions while this task ran: its multi_user was turned off.",
)


class TaskEndings:
    """Takes in the results of tasks."""

    def __init__(self, *, database: Database, tasks: Tasks, turns: Turns, announcer: Announcer, clock: Clock) -> None:
        self._database = database
        self._tasks = tasks
        self._turns = turns
        self._announcer = announcer
        self._clock = clock

    async def take_in(self, message: BackgroundEnded) -> None:
        """End the task, whatever has come of it; without effect when it has ended already.

        Raises what the parts raise when they do not answer (all Retryable).
        """
        try:
            ended = await self._tasks.ended(self._database, message.task_id)
        except (GrantBroken, SealBroken) as error:
            log.error("task.key_lost", session=message.session_id, task=message.task_id, reason=str(error))
            await self._tasks.fail_for_lost_key(self._database, message.task_id, message.fencing, now=self._clock.now())
            ended = None
        if ended is not None and ended.fencing == message.fencing:
            try:
                await self._end_somehow(ended)
            except StaleTask:
                log.info("task.ended_meanwhile", session=ended.session_id, task=ended.task_id)
        await self._announce(message)

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
                turned = await self._turns.run(end_of_session(_request_of(ended)), granted=ended.keys)
                if (problem := _problem(turned)) is not None:
                    await self._finish(ended, failure=problem)
            case "value":
                await self._finish(ended, value=ended.outcome.json_value)
            case "response_action" | "failed" if ended.outcome.action is not None:
                await self._respond(ended, ended.outcome.action)
            case _:
                await self._finish(ended, failure=ended.outcome.failure)

    async def _respond(self, ended: EndedTask, action: str) -> None:
        """Run the response or error action; one that fails is not saved, and its error is the task's."""
        failure = ended.outcome.failure

        async def end_task(statements: Statements, result: RunResult, blobs: Blobs, keys: DataKeys) -> None:
            value, payload = None, None
            if isinstance(result.outcome, BackgroundValue):
                value, payload = result.outcome.json_value, blobs.get("payload")
            await self._write_end(statements, ended, keys, value=value, payload=payload, failure=failure)

        request = response_action(
            _request_of(ended),
            action=action,
            arguments=ended.arguments,
            language=ended.language,
            failure=failure_for_engine(failure) if failure else None,
        )
        turned = await self._turns.run(request, granted=ended.keys, also=end_task)
        if (problem := _problem(turned)) is not None:
            await self._finish(ended, failure=problem)

    async def _finish(self, ended: EndedTask, *, value: object = None, failure: Failure | None = None) -> None:
        """End the task without a turn: the answers stay as they are."""
        keys = DataKeys(SessionId(ended.session_id), max(ended.keys), ended.keys)
        async with self._database.transaction() as connection:
            await self._write_end(connection, ended, keys, value=value, failure=failure)

    async def _write_end(
        self,
        statements: Statements,
        ended: EndedTask,
        keys: DataKeys,
        *,
        value: object = None,
        payload: bytes | None = None,
        failure: Failure | None = None,
    ) -> None:
        now = self._clock.now()
        await self._tasks.finish(
            statements,
            ended.task_id,
            ended.fencing,
            keys=keys,
            state="failed" if failure else "succeeded",
            now=now,
            payload=payload,
            failure=failure,
        )
        mode: NotificationMode | None = notices.mode_of(ended.mode)
        command = notices.command_for(mode, value)
        if command is not None:
            await notices.add(
                statements, keys, audience=ended.audience, task_id=ended.task_id, command=command, now=now
            )

    async def _announce(self, message: BackgroundEnded) -> None:
        version = await store.version_of(self._database, SessionId(message.session_id))
        if version is None:
            return
        self._announcer.tell(
            SessionChanged(
                session_id=message.session_id,
                version=version,
                cause="task",
                operation_id=operation_of_task(message.task_id),
                has_notices=True,
                ended_tasks=(message.task_id,),
            )
        )


def _request_of(ended: EndedTask) -> Request:
    """What both kinds of turn for a task share: whose session, and as whom."""
    facts = ended.request.model_copy(update={"interface": "worker"})
    return Request(
        session_id=SessionId(ended.session_id),
        operation_id=operation_of_task(ended.task_id),
        visitor=Visitor(user=ended.user, request=facts),
        cause="task",
        task_id=ended.task_id,
        limit="action",
    )


def _problem(turned: Turned) -> Failure | None:
    """Why the second phase came to nothing, if it did."""
    match turned.reply.kind:
        case "missing" | "locked_out":
            return _CLOSED
        case _ if turned.result is not None and isinstance(turned.result.outcome, RunFailed):
            return failure_to_keep(turned.result.outcome.failure)
        case _:
            return None
