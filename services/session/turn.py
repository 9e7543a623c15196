"""The one write path of sessions: lock, load, evaluate, commit, release.

A turn that was overtaken, or met a lost lock, finds its commit refused by the version check and runs again on the
fresh answers; from the third attempt on nobody overtakes it before its time limit. What a run asked for is committed
with the answers and carried out afterwards. operations.py has what is asked, saving.py what is saved,
departures.py how sessions end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

import structlog

from services.session import store
from services.session.attempt import Also, Ran, Turn, TurnLimits, bound, is_usual, standing_of
from services.session.checkpoint import Checkpoint
from services.session.context import Surroundings
from services.session.departures import Departures
from services.session.effects import Effects, Rows, joined
from services.session.endings import ending_purpose
from services.session.entrance import Entrance
from services.session.errors import ErrorBook
from services.session.host import TurnHosts
from services.session.keys import DataKeys, SessionKeys
from services.session.lock import Lease, SessionLockService
from services.session.measures import TurnMeasures
from services.session.my_sessions import CODE_PURPOSE, MySessions
from services.session.names import SessionName
from services.session.notes import notes_of
from services.session.opened_for_mail import OpenedForMail
from services.session.operations import Found, Plan, Request
from services.session.outcomes import (
    Standing,
    TooManyTurns,
    Turned,
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
    turns_sharing_off,
    without_own_end,
)
from services.session.store import Commit, StaleVersion
from services.session.turn_news import TurnNews
from shared.contracts.base import Sealed
from shared.contracts.session import TaskProgress, TurnReply
from shared.crypto.keys import ServerKeys
from shared.evaluation.frames import FrameTooLarge
from shared.evaluation.interview_log import write_log_lines
from shared.evaluation.port import Evaluator, ProcessDied, RunKilled, RunTimedOut
from shared.interview.errors import HostRefused
from shared.interview.runtime.operations import Blobs, Operation, RunRequest, StartOver
from shared.interview.runtime.outcomes import AccessRefused, Header, RunFailed, RunResult
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import SessionCode, SessionId, uniform
from shared.kernel.tracing import span
from shared.storage.database import Database
from shared.storage.errors import Conflict

log = structlog.get_logger()

_LONGEST_PAUSE_SECONDS = 0.05
_COMPANY_SECONDS = 0.2
"""How long a turn takes others along: who waits for the session must not wait for all of them."""


class LeftToOthers(ColloquyError):
    """Others stay in the session that was to be started over: who asked begins another one."""


class OneSessionOnly(ColloquyError):
    """The interview gives everybody one session: the one there is has to be looked for."""


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
        news: TurnNews,
        departures: Departures,
        mine: MySessions,
        surroundings: Surroundings,
        clock: Clock,
        checkpoint: Checkpoint,
        limits: TurnLimits,
        measures: TurnMeasures,
        errors: ErrorBook,
        opened_for_mail: OpenedForMail,
    ) -> None:
        self._database = database
        self._entrance = Entrance(database=database, lock=lock, measures=measures, limits=limits)
        self._evaluator = evaluator
        self._keys = keys
        self._server_keys = server_keys
        self._effects = effects
        self._hosts = hosts
        self._news = news
        self._departures = departures
        self._mine = mine
        self._surroundings = surroundings
        self._clock = clock
        self._checkpoint = checkpoint
        self._limits = limits
        self._measures = measures
        self._errors = errors
        self._opened_for_mail = opened_for_mail

    async def run(
        self,
        request: Request,
        *,
        granted: Mapping[int, bytes] | None = None,
        also: Also | None = None,
        followers: Sequence[Request] = (),
    ) -> Turned:
        """As `_run`; who may have one session of an interview only goes on with the one there is.

        Who starts over a session in which others stay begins another one.
        """
        with (
            self._measures.turn(request.cause) as ending,
            span("turn", cause=request.cause, session=request.session_id),
        ):
            try:
                turned = await self._run(request, granted=granted, also=also, followers=followers)
            except LeftToOthers:
                turned = await self._run(request.begun_instead(), granted=granted, also=also)
            except OneSessionOnly:
                found = await self._mine.newest_name(request.visitor, request.name)
                turned = await self._run(request.going_on_with(found), granted=granted, also=also)
            ending.append(turned.reply.kind)
        return turned

    async def _run(
        self,
        request: Request,
        *,
        granted: Mapping[int, bytes] | None = None,
        also: Also | None = None,
        followers: Sequence[Request] = (),
    ) -> Turned:
        """Do it, whatever overlaps; the outcome of an operation that was done before comes back unchanged.

        `granted` are data keys by generation that somebody else opened (a task's grant). `also` is written in the same
        transaction; then the turn always commits, unless its run failed. `followers` are short operations of the same
        kind that may be done in the same commit; how many were, is in the reply: those at the beginning.
        Raises TooManyTurns, and what the parts raise when they do not answer (all Retryable).
        """
        turn = Turn(request, self._hosts.of(request), granted, also)
        turn.followers = [Turn(each, self._hosts.of(each), granted, also) for each in followers]
        while True:
            turn.attempt += 1
            lease = await self._entrance.enter(turn)
            try:
                return await self._attempt(turn, lease)
            except (StaleVersion, Conflict) as error:
                is_about_others = isinstance(error, Conflict)
                self._measures.refused()
                log.info("turn.refused", session=request.session_id, attempt=turn.attempt, cause=request.cause)
                if turn.attempt >= self._limits.attempts:
                    raise TooManyTurns from None
            finally:
                self._entrance.leave(turn, lease)
            if is_about_others or lease is None or not lease.is_guarded:
                # Where no lock is between them only chance keeps the same turns from meeting again and again.
                await self._clock.sleep(uniform(0, _LONGEST_PAUSE_SECONDS))

    async def _attempt(self, turn: Turn, lease: Lease | None) -> Turned:
        request = turn.request
        with span("load"):
            opened = await self._open(turn)
        if isinstance(opened, TurnReply):
            return Turned(opened)
        await self._checkpoint.reached("loaded", request.session_id)
        stored = opened.stored
        if stored is not None and stored.outcome_sealed is not None:
            packed = opened.keys.open_value(stored.outcome_sealed, "outcome", request.operation_id)
            return Turned(unpack(packed), opened.keys)
        starts_over = stored is not None and request.instead is not None
        if starts_over and await self._mine.leave_to_others(request.session_id, request.visitor):
            raise LeftToOthers
        found = Found(
            is_new=stored is None,
            newest_step=opened.newest_step,
            allows_cron=stored is not None and stored.allow_cron,
        )
        plan = request.plan(found)
        if plan.keep == "gone":
            return await self._departures.end(turn, opened, None)
        if plan.operation is None:
            return Turned(await self._glance(turn, opened), opened.keys)
        operation: Operation = plan.operation
        result, blobs = await self._evaluate(turn, operation, opened, lease)
        self._errors.note(opened.name.interview, result)
        if turn.also is not None:
            result = without_own_end(result, request.task_id)
        elif request.unattended is not None and asks_to_start_over(result):
            return await self._departures.end(turn, opened, result)  # nobody is there to begin again (spec/area2 §2.6)
        elif asks_to_start_over(result):
            operation = StartOver()
            plan = Plan(operation, keep="anew")
            turn.host.started_over()
            result, blobs = await self._evaluate(turn, operation, opened, lease, goes_on=True)
        if isinstance(result.outcome, AccessRefused):
            return Turned(_refused(result.outcome, request, opened.name.code))
        ran, next_failed = [Ran(turn, result, blobs, operation)], None
        if turn.attempt == 1:  # who was refused has a busy session: it takes nobody along
            along, next_failed = await self._follow(turn, opened, lease, ran[0])
            ran += along
        await self._checkpoint.reached("evaluated", request.session_id)
        turned = await self._save(plan, opened, ran)
        return turned if next_failed is None else replace(turned, next_failed=next_failed)

    async def _follow(
        self, turn: Turn, opened: Opened, lease: Lease | None, first: Ran
    ) -> tuple[list[Ran], RunResult | None]:
        """Those that go along, as long as the session is not held for long and each saves answers and nothing unusual.

        One that does not is left out as if it had not run, and comes again by itself; a failure is given. So it is
        with one that looks at tasks: how those have ended that it goes along with is seen once that is saved.
        """
        along: list[Ran] = []
        ends = self._clock.monotonic() + _COMPANY_SECONDS
        newest = first
        for follower in turn.followers:
            if not is_usual(newest, opened) or self._clock.monotonic() > ends:
                break
            plan = follower.request.plan(Found(is_new=False, newest_step=opened.newest_step))
            if plan.operation is None:
                break
            answers = newest.blobs["answers"]
            result, blobs = await self._evaluate(follower, plan.operation, opened, lease, answers=answers)
            newest = Ran(follower, without_own_end(result, follower.request.task_id), blobs, plan.operation)
            if follower.host.has_looked_at_tasks:
                break
            if isinstance(result.outcome, RunFailed):
                return along, result
            if not is_usual(newest, opened):
                break
            along.append(newest)
        return along, None

    async def _open(self, turn: Turn) -> Opened | TurnReply:
        """Load the session and open its keys; a reply when it is not there or not theirs."""
        request = turn.request
        stored = await self._entrance.read(turn)
        if stored is None:
            return await self._missing(turn)
        code = request.name.code if request.name else self._code_of(stored.code_sealed)
        if turn.granted is not None:
            keys = self._keys.of(stored, turn.granted)
        elif request.unattended is not None:
            keys = self._keys.open_unattended(stored, request.unattended)
        else:
            keys = self._keys.open(stored, request.visitor.keys)
        if keys is None:
            await self._check_left_before(request)
            return bare_reply("locked_out", request.session_id, code, overtaken=turn.is_overtaken)
        if stored.has_closed_mail and turn.granted is None:
            self._opened_for_mail.tell(keys)
        return Opened(SessionName(stored.interview, code), keys, stored)

    async def _check_left_before(self, request: Request) -> None:
        """A second delivery: the first one has left the session, and begun another. Raises LeftToOthers."""
        instead = request.instead
        if instead and await store.was_handled(self._database, instead.session_id, request.operation_id):
            raise LeftToOthers

    async def _missing(self, turn: Turn) -> Opened | TurnReply:
        request, name = turn.request, turn.request.name
        if name is not None and request.may_create and request.visitor.keys:
            return Opened(name, self._keys.new(request.session_id), None)
        code = name.code if name else SessionCode("")
        ended = await store.ending(self._database, request.session_id, request.operation_id)
        if ended is not None:
            return unpack(
                self._server_keys.at_rest.open(ended, purpose=ending_purpose(request.session_id, request.operation_id))
            )
        if request.is_end:
            return deleted_reply(request.session_id, code)
        return bare_reply("missing", request.session_id, code, overtaken=turn.is_overtaken)

    async def _evaluate(
        self,
        turn: Turn,
        operation: Operation,
        opened: Opened,
        lease: Lease | None,
        *,
        answers: bytes | None = None,
        goes_on: bool = False,
    ) -> tuple[RunResult, Blobs]:
        """One run of the engine, on what is stored or on these answers; one that is cut short has failed."""
        request = turn.request
        begins_anew = operation.kind == "show" and operation.is_first
        stored = None if begins_anew else opened.stored
        blobs: Blobs = dict(request.blobs)
        has_prior = False
        if stored is not None:
            newest = stored.newest_step
            has_prior = operation.kind == "back"
            if answers is None:
                answers = opened.keys.open_step(stored, newest - 1 if has_prior else newest)
            blobs["answers"] = answers
            if has_prior:
                blobs["prior"] = opened.keys.open_step(stored, newest)
        run_request = RunRequest(
            operation=operation,
            context=self._surroundings.of(request, opened),
            has_answers=stored is not None,
            has_prior=has_prior,
        )
        limit = self._limits.seconds_of(request)
        for is_last in (False, True):
            turn.host.begin_attempt(opened, lease, goes_on=goes_on)  # what a run that died has asked for is not kept
            try:
                with span("evaluate"):
                    return await self._evaluator.run(run_request, blobs, host=turn.host, limit_seconds=limit)
            except ProcessDied as error:
                if is_last:
                    return cut_short(error), {}
            except (RunTimedOut, RunKilled, FrameTooLarge, HostRefused) as error:
                return cut_short(error), {}
        raise AssertionError

    async def _save(self, plan: Plan, opened: Opened, ran: Sequence[Ran]) -> Turned:
        """Commit what the run changed and asked for, and those that went along, then tell the others."""
        turn, first = ran[0].turn, ran[0].result
        request, keep = turn.request, plan.keep
        result, blobs = ran[-1].result, ran[-1].blobs
        mode = save_mode(result, blobs, keep, opened)
        if mode == "delete":
            return await self._departures.end(turn, opened, result)
        header = None if mode == "ignore" else result.header
        public_keys: Mapping[str, bytes] = {}
        is_closed = turns_sharing_off(opened, header, request.visitor)
        if is_closed:
            public_keys = await store.public_keys(self._database, request.session_id)
        sharing = sharing_after(opened, header, request.visitor, self._keys, public_keys=public_keys)
        standing = standing_of(opened, turn)
        has_failed = isinstance(result.outcome, RunFailed)
        others = () if has_failed else turn.host.changes
        nothing = changes_nothing(result, keep, mode, opened, sharing, request.participant) and not others
        if nothing and (turn.also is None or has_failed):
            if has_failed:
                write_log_lines(result.effects, session=request.session_id, interview=opened.name.interview)
            reply = reply_of(result, blobs, standing, check_in_action=request.check_in_action)
            return Turned(reply, opened.keys, result, blobs=blobs)
        standing = Standing(
            session_id=request.session_id,
            code=opened.name.code,
            version=opened.version + 1,
            steps=step_after(opened, keep, mode),
            is_multi_user=sharing.is_multi_user,
            is_created=opened.stored is None,
            is_overtaken=turn.is_overtaken,
        )
        replies = [
            reply_of(each.result, each.blobs, standing, check_in_action=each.turn.request.check_in_action)
            for each in ran
        ]
        works = [
            self._effects.of(
                each.turn.request,
                opened,
                sharing.keys,
                each.result,
                each.blobs,
                files=each.turn.host.files,
                launched_already=each.turn.host.launched,
                begins_anew=keep == "anew",
            )
            for each in ran
        ]
        change = commit_of(
            opened=opened,
            visitor=request.participant,
            result=result,
            blobs=blobs,
            mode=mode,
            newest_step=standing.steps,
            sharing=sharing,
            operation_id=request.operation_id,
            outcome=pack(replies[0]),
            messages=joined(work.messages for work in works),
            code_sealed=b"" if opened.stored else self._seal_code(opened.name.code),
            notes=notes_of(ran, sharing.keys.session_id, standing.version, self._server_keys.at_rest),
            now=self._clock.now(),
        )
        told = self._news.rows(request, opened, standing.version)
        rows = [*(row for work in works for row in work.rows), *others, *told]
        if is_closed:  # else the new key would be wrapped for who has left, and not for who has signed in meanwhile
            rows.insert(0, lambda statements: store.check_holders(statements, change, public_keys))
        if len(ran) > 1:
            rows.append(self._handled(sharing.keys, ran[1:], replies[1:], change))
        also = None
        if turn.also is not None:
            runs = [(each.result, each.blobs) for each in ran]
            also = bound(turn.also, runs, sharing.keys, standing.version)
        with span("commit"):
            await self._commit(change, rows, also)
        turn.saved_version = standing.version
        await self._checkpoint.reached("committed", request.session_id)
        if standing.is_created and result.header.is_temporary:
            await self._mine.leave_all_but(request.session_id, opened.name.interview, request.visitor)
        for work in works:
            self._effects.committed(work, request.session_id, opened.name.interview)
        if others:
            self._effects.wake()
        self._news.ring(told)
        self._news.announce(request, standing.version, tasks=[each.turn.request.task_id for each in ran])
        return Turned(replies[0], sharing.keys, first, followers=len(ran) - 1, blobs=ran[0].blobs)

    def _handled(self, keys: DataKeys, along: Sequence[Ran], replies: Sequence[TurnReply], change: Commit) -> Rows:
        """That those that went along have been done, too, and how."""
        outcomes = {
            each.turn.request.operation_id: keys.seal_value(pack(reply), "outcome", each.turn.request.operation_id)
            for each, reply in zip(along, replies, strict=True)
        }
        return lambda statements: store.note_handled(statements, change.session_id, outcomes, now=change.now)

    async def _commit(self, change: Commit, rows: Sequence[Rows], also: Rows | None) -> None:
        """One statement, or one transaction when there is more to write."""
        if not rows and also is None:
            await store.commit(self._database, change)
            return
        async with self._database.transaction() as connection:
            await store.commit(connection, change)
            for row in (*rows, *([also] if also else [])):
                await row(connection)

    async def forget_timers(self, session_id: SessionId) -> None:
        """A timer came for a session that is gone: there is nothing to come for."""
        await self._effects.forget_timers(self._database, session_id)
        self._effects.wake()

    async def _glance(self, turn: Turn, opened: Opened) -> TurnReply:
        """Only opened, nothing run: how the session stands, and which awaited tasks have ended."""
        reply = opened_reply(standing_of(opened, turn))
        stored = opened.stored
        if stored is None or stored.header_sealed is None:
            return reply
        awaited = turn.request.awaited
        if not awaited:
            header = Header.model_validate_json(opened.keys.open_value(stored.header_sealed, "header"))
            awaited = header.waits_for_tasks
        return await self.with_tasks(reply, awaited, opened.keys)

    async def with_tasks(self, reply: TurnReply, awaited: Sequence[str], keys: DataKeys) -> TurnReply:
        """The reply with how these tasks of the session stand."""
        standing = await self._hosts.tasks.pictures(self._database, awaited, keys=keys)
        ended = tuple(each.task_id for each in standing if each.state not in ("pending", "running"))
        progress = tuple(
            TaskProgress(task=each.task_id, fraction=each.progress, message=each.progress_message)
            for each in standing
            if each.state == "running" and (each.progress is not None or each.progress_message)
        )
        return reply.model_copy(update={"ended_tasks": ended, "progress": Sealed(progress)})

    def _seal_code(self, code: SessionCode) -> bytes:
        return self._server_keys.at_rest.seal(code.encode(), purpose=CODE_PURPOSE)

    def _code_of(self, sealed: bytes) -> SessionCode:
        return SessionCode(self._server_keys.at_rest.open(sealed, purpose=CODE_PURPOSE).decode())


def _refused(refused: AccessRefused, request: Request, code: SessionCode) -> TurnReply:
    """Raises OneSessionOnly."""
    match refused.reason:
        case "unique":
            raise OneSessionOnly
        case "sign_in" | "forbidden":
            return bare_reply(refused.reason, request.session_id, code)
        case _:
            assert_never(refused.reason)
