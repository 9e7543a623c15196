"""The one write path of sessions: lock, load, evaluate, commit, release.

A turn that was overtaken, or met a lost lock, finds its commit refused by the version check and runs again on the fresh
answers; from the third attempt on nobody overtakes it before its time limit. What a run asked for (tasks, timers) is
committed with the answers and carried out afterwards. What is asked stands in operations.py, what is saved is decided
in saving.py, side effects become rows in effects.py, how it ended is told by outcomes.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from services.session import store
from services.session.announcing import Announcer
from services.session.checkpoint import Checkpoint
from services.session.context import Surroundings
from services.session.effects import Effects, Rows
from services.session.host import TurnHost, TurnHosts
from services.session.keys import DataKeys, SessionKeys
from services.session.lock import Lease, SessionLockService
from services.session.names import SessionName
from services.session.operations import Found, Plan, Request
from services.session.outcomes import (
    Standing,
    bare_reply,
    cut_short,
    deleted_reply,
    opened_reply,
    pack,
    reply_of,
    unpack,
)
from services.session.saving import (
    Opened,
    asks_to_start_over,
    changes_nothing,
    commit_of,
    save_mode,
    sharing_after,
    step_after,
    without_own_end,
)
from services.session.store import Commit, StaleVersion
from shared.contracts.events import SessionChanged
from shared.contracts.session import TurnReply
from shared.crypto.keys import ServerKeys
from shared.evaluation.frames import FrameTooLarge
from shared.evaluation.port import Evaluator, ProcessDied, RunKilled, RunTimedOut
from shared.interview.errors import HostRefused
from shared.interview.runtime.operations import Blobs, Operation, RunRequest, StartOver
from shared.interview.runtime.outcomes import Header, RunFailed, RunResult
from shared.kernel.clock import Clock
from shared.kernel.errors import Retryable
from shared.kernel.ids import SessionCode, uniform
from shared.storage.database import Database, Statements
from shared.storage.errors import Conflict

log = structlog.get_logger()

_FIRM_FROM_ATTEMPT = 3
_FIRM_MARGIN_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 0.05
_CODE_PURPOSE = "session code"


class TooManyTurns(Retryable):
    """This session is changed so often that a turn found no gap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLimits:
    """How long a run may take, and how often a refused turn is run again."""

    interactive_seconds: float = 30.0
    action_seconds: float = 60.0
    attempts: int = 25


@dataclass(frozen=True, slots=True)
class Turned:
    """How a turn ended: the reply, and for those who go on with the session its keys and the run's result."""

    reply: TurnReply
    keys: DataKeys | None = None
    result: RunResult | None = None


@dataclass(slots=True)
class _Turn:
    """What one turn remembers from attempt to attempt."""

    request: Request
    host: TurnHost
    granted: Mapping[int, bytes] | None
    also: Also | None
    attempt: int = 0
    is_overtaken: bool = False


Also = Callable[[Statements, RunResult, Blobs, DataKeys], Awaitable[None]]
"""What else is written in the transaction of a turn."""


class Turns:
    """Runs operations on sessions, each as one turn."""

    def __init__(
        self,
        *,
        database: Database,
        lock: SessionLockService,
        evaluator: Evaluator,
        keys: SessionKeys,
        server_keys: ServerKeys,
        effects: Effects,
        hosts: TurnHosts,
        announcer: Announcer,
        surroundings: Surroundings,
        clock: Clock,
        checkpoint: Checkpoint,
        limits: TurnLimits,
    ) -> None:
        self._database = database
        self._lock = lock
        self._evaluator = evaluator
        self._keys = keys
        self._server_keys = server_keys
        self._effects = effects
        self._hosts = hosts
        self._announcer = announcer
        self._surroundings = surroundings
        self._clock = clock
        self._checkpoint = checkpoint
        self._limits = limits

    async def run(
        self, request: Request, *, granted: Mapping[int, bytes] | None = None, also: Also | None = None
    ) -> Turned:
        """Do it, whatever overlaps; the outcome of an operation that was done before comes back unchanged.

        `granted` are data keys by generation that somebody else opened (a task's grant). `also` is written in the same
        transaction; then the turn always commits, unless its run failed.
        Raises TooManyTurns, and what the parts raise when they do not answer (all Retryable).
        """
        turn = _Turn(request, self._hosts.of(request), granted, also)
        while True:
            turn.attempt += 1
            lease = None if request.is_read_only else await self._enter(turn)
            turn.is_overtaken |= lease is not None and lease.has_overtaken
            try:
                return await self._attempt(turn, lease)
            except (StaleVersion, Conflict):
                log.info("turn.refused", session=request.session_id, attempt=turn.attempt, cause=request.cause)
                if turn.attempt >= self._limits.attempts:
                    raise TooManyTurns from None
            finally:
                if lease is not None:
                    self._lock.release(lease)
            if lease is None or not lease.is_guarded:
                # Without a lock only chance keeps the same turns from meeting again and again.
                await self._clock.sleep(uniform(0, _LONGEST_PAUSE_SECONDS))

    async def _enter(self, turn: _Turn) -> Lease:
        firm = 0.0
        if turn.attempt >= _FIRM_FROM_ATTEMPT:
            firm = self._limit_seconds(turn.request) + _FIRM_MARGIN_SECONDS
        return await self._lock.acquire(turn.request.session_id, firm_seconds=firm)

    async def _attempt(self, turn: _Turn, lease: Lease | None) -> Turned:
        request = turn.request
        opened = await self._open(turn)
        if isinstance(opened, TurnReply):
            return Turned(opened)
        await self._checkpoint.reached("loaded", request.session_id)
        stored = opened.stored
        if stored is not None and stored.outcome_sealed is not None:
            packed = opened.keys.open_value(stored.outcome_sealed, "outcome", request.operation_id)
            return Turned(unpack(packed), opened.keys)
        plan = request.plan(Found(is_new=stored is None, newest_step=opened.newest_step))
        if plan.keep == "gone":
            return await self._delete(turn, opened, None)
        if plan.operation is None:
            return Turned(self._glance(turn, opened), opened.keys)
        result, blobs = await self._evaluate(turn, plan.operation, opened, lease)
        if turn.also is not None:
            result = without_own_end(result, request.task_id)
        elif asks_to_start_over(result):
            plan = Plan(StartOver(), keep="anew")
            result, blobs = await self._evaluate(turn, StartOver(), opened, lease)
        await self._checkpoint.reached("evaluated", request.session_id)
        return await self._save(turn, plan, opened, result, blobs)

    async def _open(self, turn: _Turn) -> Opened | TurnReply:
        """Load the session and open its keys; a reply when it is not there or not theirs."""
        request = turn.request
        stored = await store.load(
            self._database,
            request.session_id,
            holders=[holder.holder for holder in request.visitor.keys],
            operation_id=request.operation_id,
            steps=request.steps,
        )
        if stored is None:
            return await self._missing(turn)
        code = request.name.code if request.name else self._code_of(stored.code_sealed)
        if turn.granted is not None:
            keys = self._keys.of(stored, turn.granted)
        else:
            keys = self._keys.open(stored, request.visitor.keys)
        if keys is None:
            return bare_reply("locked_out", request.session_id, code, overtaken=turn.is_overtaken)
        return Opened(SessionName(stored.interview, code), keys, stored)

    async def _missing(self, turn: _Turn) -> Opened | TurnReply:
        request, name = turn.request, turn.request.name
        if name is not None and request.may_create and request.visitor.keys:
            return Opened(name, self._keys.new(request.session_id), None)
        code = name.code if name else SessionCode("")
        ended = await store.ending(self._database, request.session_id, request.operation_id)
        if ended is not None:
            return unpack(self._server_keys.at_rest.open(ended, purpose=_ending_purpose(request)))
        if request.is_end:
            return deleted_reply(request.session_id, code)
        return bare_reply("missing", request.session_id, code, overtaken=turn.is_overtaken)

    async def _evaluate(
        self, turn: _Turn, operation: Operation, opened: Opened, lease: Lease | None
    ) -> tuple[RunResult, Blobs]:
        """One run of the engine; one that is cut short has failed."""
        request = turn.request
        begins_anew = operation.kind == "show" and operation.is_first
        stored = None if begins_anew else opened.stored
        blobs: Blobs = dict(request.blobs)
        has_prior = False
        if stored is not None:
            newest = stored.newest_step
            has_prior = operation.kind == "back"
            blobs["answers"] = opened.keys.open_step(stored, newest - 1 if has_prior else newest)
            if has_prior:
                blobs["prior"] = opened.keys.open_step(stored, newest)
        run_request = RunRequest(
            operation=operation,
            context=self._surroundings.of(request, opened),
            tasks=self._effects.pictures(opened),
            has_answers=stored is not None,
            has_prior=has_prior,
        )
        turn.host.begin_attempt(opened, lease)
        limit = self._limit_seconds(request)
        for is_last in (False, True):
            try:
                return await self._evaluator.run(run_request, blobs, host=turn.host, limit_seconds=limit)
            except ProcessDied as error:
                if is_last:
                    return cut_short(error), {}
            except (RunTimedOut, RunKilled, FrameTooLarge, HostRefused) as error:
                return cut_short(error), {}
        raise AssertionError

    async def _save(self, turn: _Turn, plan: Plan, opened: Opened, result: RunResult, blobs: Blobs) -> Turned:
        """Commit what the run changed and asked for, then tell the others."""
        request, keep = turn.request, plan.keep
        mode = save_mode(result, blobs, keep, opened)
        if mode == "delete":
            return await self._delete(turn, opened, result)
        is_multi_user = opened.is_multi_user if mode == "ignore" else result.header.multi_user
        sharing = sharing_after(opened, is_multi_user, request.visitor, self._keys)
        standing = _standing(opened, turn)
        has_failed = isinstance(result.outcome, RunFailed)
        if changes_nothing(result, keep, mode, opened, sharing) and (turn.also is None or has_failed):
            return Turned(
                reply_of(result, blobs, standing, check_in_action=request.check_in_action), opened.keys, result
            )
        standing = replace(
            standing,
            version=opened.version + 1,
            steps=step_after(opened, keep, mode),
            is_multi_user=sharing.is_multi_user,
            is_created=opened.stored is None,
        )
        reply = reply_of(result, blobs, standing, check_in_action=request.check_in_action)
        work = self._effects.of(
            request,
            opened,
            sharing.keys,
            result,
            blobs,
            files=turn.host.files,
            launched_already=turn.host.launched,
            begins_anew=keep == "anew",
        )
        change = commit_of(
            opened=opened,
            result=result,
            blobs=blobs,
            mode=mode,
            newest_step=standing.steps,
            sharing=sharing,
            operation_id=request.operation_id,
            outcome=pack(reply),
            messages=work.messages,
            code_sealed=b"" if opened.stored else self._seal_code(opened.name.code),
            now=self._clock.now(),
        )
        await self._commit(
            change, work.rows, None if turn.also is None else _bound(turn.also, result, blobs, sharing.keys)
        )
        await self._checkpoint.reached("committed", request.session_id)
        self._effects.committed(work, request.session_id, opened.name.interview)
        self._announce(request, standing.version)
        return Turned(reply, sharing.keys, result)

    async def _commit(self, change: Commit, rows: Sequence[Rows], also: Rows | None) -> None:
        """One statement, or one transaction when there is more to write."""
        if not rows and also is None:
            await store.commit(self._database, change)
            return
        async with self._database.transaction() as connection:
            await store.commit(connection, change)
            for row in (*rows, *([also] if also else [])):
                await row(connection)

    async def _delete(self, turn: _Turn, opened: Opened, result: RunResult | None) -> Turned:
        """The session goes away, with its tasks; how is remembered under the server's key."""
        request, stored = turn.request, opened.stored
        reply = deleted_reply(request.session_id, opened.name.code)
        if result is not None:
            reply = reply_of(result, {}, _standing(opened, turn), check_in_action=request.check_in_action)
        if stored is None:
            return Turned(reply, None, result)
        sealed = self._server_keys.at_rest.seal(pack(reply), purpose=_ending_purpose(request))
        async with self._database.transaction() as connection:
            await store.delete(
                connection,
                stored,
                operation_id=request.operation_id,
                outcome_sealed=sealed,
                now=self._clock.now(),
            )
            await self._effects.end_session(connection, opened, request.visitor)
        await self._checkpoint.reached("committed", request.session_id)
        self._effects.wake()
        self._announce(request, stored.version + 1, is_deleted=True)
        return Turned(reply, None, result)

    def _glance(self, turn: _Turn, opened: Opened) -> TurnReply:
        """Only opened, nothing run: how the session stands, and which awaited tasks have ended."""
        reply = opened_reply(_standing(opened, turn))
        stored = opened.stored
        if stored is None or stored.header_sealed is None:
            return reply
        header = Header.model_validate_json(opened.keys.open_value(stored.header_sealed, "header"))
        ended = {each.task_id for each in self._effects.pictures(opened) if each.state not in ("pending", "running")}
        return reply.model_copy(update={"ended_tasks": tuple(each for each in header.waits_for_tasks if each in ended)})

    def _announce(self, request: Request, version: int, *, is_deleted: bool = False) -> None:
        self._announcer.tell(
            SessionChanged(
                session_id=request.session_id,
                version=version,
                cause="deleted" if is_deleted else request.cause,
                operation_id=request.operation_id,
                has_notices=bool(request.task_id),
                ended_tasks=(request.task_id,) if request.task_id else (),
            )
        )

    def _limit_seconds(self, request: Request) -> float:
        return self._limits.action_seconds if request.limit == "action" else self._limits.interactive_seconds

    def _seal_code(self, code: SessionCode) -> bytes:
        return self._server_keys.at_rest.seal(code.encode(), purpose=_CODE_PURPOSE)

    def _code_of(self, sealed: bytes) -> SessionCode:
        return SessionCode(self._server_keys.at_rest.open(sealed, purpose=_CODE_PURPOSE).decode())


def _standing(opened: Opened, turn: _Turn) -> Standing:
    return Standing(
        session_id=turn.request.session_id,
        code=opened.name.code,
        version=opened.version,
        steps=opened.newest_step,
        is_multi_user=opened.is_multi_user,
        is_overtaken=turn.is_overtaken,
    )


def _bound(also: Also, result: RunResult, blobs: Blobs, keys: DataKeys) -> Rows:
    return lambda statements: also(statements, result, blobs, keys)


def _ending_purpose(request: Request) -> str:
    return f"ending {request.session_id} {request.operation_id}"
