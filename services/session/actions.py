"""Actions that other services ask for (DESIGN §3 walk 5): recorded with a sequence number, acknowledged, then run one
after another for each session.

A request is an operation of its session like any other: it has the lock, the version check and the inbox, so that it
takes effect once, whatever dies between the commit of the turn and the end of its row. Answers of a session whose key
the server does not have are out of reach: the status says `multi_user`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import structlog

from services.session import action_store as store
from services.session.action_store import NewAction, RequestedAction
from services.session.names import BadInterviewReference, BadSessionCode, SessionName, name_of
from services.session.operations import Request, run_action_of_service
from services.session.outcomes import done_of
from services.session.publishers import Publishers, user_for
from services.session.telling import Telling
from services.session.turn import Turns
from shared.bus.outbox import Outbox
from shared.bus.port import Bus
from shared.contracts.base import Sealer
from shared.contracts.envelope import Envelopes
from shared.contracts.events import ActionFinished, ActionRequested, ActionStatus
from shared.contracts.session import ActionDone, ActionTaken, TakeAction
from shared.contracts.visitor import RequestFacts, Visitor
from shared.crypto.rotation import SealedColumn, at_rest
from shared.kernel.clock import Clock
from shared.kernel.ending import end
from shared.kernel.errors import ColloquyError, Refused, Retryable
from shared.kernel.ids import SessionId, new_id
from shared.kernel.now_and_then import Errand, NowAndThen
from shared.storage.database import Database, Statements

log = structlog.get_logger()

_PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_MOST_ATTEMPTS = 20
_LOOK_SECONDS = 5.0
_WAIT_STEP_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 30.0
_LINES_AT_A_LOOK = 200
_NOBODY = SessionId("00000000-0000-8000-8000-000000000000")
_TOO_BUSY = "The server was too busy to run it, again and again."


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionParts:
    """What requests of other services are carried out with."""

    database: Database
    turns: Turns
    publishers: Publishers
    outbox: Outbox
    envelopes: Envelopes
    wake_relay: Callable[[], None]
    bus: Bus
    telling: Telling
    sealer: Sealer
    clock: Clock
    url_root: str = "http://localhost/"


class ForeignActions:
    """Takes requests, and works through the lines of the sessions; a Component.

    `at_once` lines are worked on at the same time by this process.
    """

    def __init__(self, parts: ActionParts, *, at_once: int) -> None:
        self._parts = parts
        self._owner = new_id()
        self._room = asyncio.Semaphore(at_once)
        self._lines: dict[SessionId, asyncio.Task[None]] = {}
        self._again: set[SessionId] = set()
        self._ended: dict[int, list[asyncio.Event]] = {}
        self._is_open = False
        self._keeper = NowAndThen("actions-of-others", self._keep, every_seconds=_LOOK_SECONDS, clock=parts.clock)

    async def start(self) -> None:
        """Begin to look after lines that nobody works on."""
        self._is_open = True
        await self._keeper.start()

    async def stop(self) -> None:
        """Leave the lines to others; what was in hand is done again by them, once."""
        if not self._is_open:
            return
        self._is_open = False
        await self._keeper.stop()
        await end(*self._lines.values())
        try:
            await store.release(self._parts.database, owner=self._owner)
        except ColloquyError as error:
            log.info("actions.not_released", reason=str(error))

    # -- Taking

    async def take_from_queue(self, message: TakeAction) -> None:
        """Record a request that came over the broker. It stays at the head of its queue until that is done: a later
        one of the same publisher must not overtake it.
        """
        for pause in _pauses():
            try:
                await self.take(message)
            except Retryable as error:
                log.warning("actions.not_recorded", publisher=message.publisher, reason=str(error))
                await self._parts.clock.sleep(pause)
            else:
                return

    async def take(self, message: TakeAction) -> ActionTaken:
        """Record a request, or refuse it; a repeated one is told what has become of the first.

        Raises what the database raises when it does not answer (all Retryable).
        """
        parts, asked = self._parts, message.asked.value
        name, refusal = _named(asked)
        if refusal is None:
            refusal = await parts.publishers.refusal(
                parts.database, message.publisher, name.interview if name else "", asked.action
            )
        if refusal is not None or name is None:
            return await self._refuse(message, name, refusal or "")
        new = NewAction(
            publisher=message.publisher,
            request_id=message.request_id,
            session_id=name.session_id,
            interview=name.interview,
            action=asked.action,
            asked_sealed=parts.sealer.seal(asked.model_dump_json().encode(), purpose=_purpose(message)),
            reply_to=message.reply_to,
            correlation_id=message.correlation_id,
        )
        recorded, is_new = await store.add(parts.database, new, now=parts.clock.now())
        if recorded.status is not None:
            await self._answer(recorded, recorded.status, recorded.detail)
        else:
            self.work_on(recorded.session_id)
            if message.wait_seconds > 0:
                recorded = await self._wait(recorded, min(message.wait_seconds, _LONGEST_WAIT_SECONDS))
        return ActionTaken(
            status=recorded.status or "pending",
            detail=recorded.detail,
            sequence=recorded.sequence,
            session_id=recorded.session_id,
            is_repeated=not is_new,
        )

    async def _refuse(self, message: TakeAction, name: SessionName | None, detail: str) -> ActionTaken:
        """Not recorded: who may not ask cannot fill our tables. The same again is refused again."""
        session_id = name.session_id if name else _NOBODY
        log.warning("actions.refused", publisher=message.publisher, reason=detail)
        event = ActionFinished(
            session_id=session_id if name else "",
            request_id=message.request_id,
            status="refused",
            detail=detail,
            publisher=message.publisher,
            interview=name.interview if name else "",
        )
        await self._tell(event, message.reply_to, message.correlation_id)
        return ActionTaken(status="refused", detail=detail, session_id=event.session_id)

    async def _tell(self, event: ActionFinished, reply_to: str, correlation_id: str) -> None:
        parts = self._parts
        await parts.outbox.add(parts.database, [parts.envelopes.wrap(event)])
        parts.wake_relay()
        if reply_to:
            await parts.bus.answer(reply_to, correlation_id, event)

    async def _answer(self, ended: RequestedAction, status: ActionStatus, detail: str) -> None:
        if ended.reply_to:
            await self._parts.bus.answer(ended.reply_to, ended.correlation_id, _finished(ended, status, detail))

    async def _wait(self, recorded: RequestedAction, seconds: float) -> RequestedAction:
        """Until it has ended, here or in another process, or the time is over."""
        parts, ended = self._parts, asyncio.Event()
        deadline = parts.clock.monotonic() + seconds
        waiting = self._ended.setdefault(recorded.sequence, [])
        waiting.append(ended)
        try:
            while True:
                found = await store.find(parts.database, recorded.sequence)
                if found is None or found.status is not None or parts.clock.monotonic() >= deadline:
                    return found or recorded
                try:
                    async with asyncio.timeout(_WAIT_STEP_SECONDS):
                        await ended.wait()
                except TimeoutError:
                    continue
        finally:
            waiting.remove(ended)
            if not waiting:
                self._ended.pop(recorded.sequence, None)

    # -- Running

    def work_on(self, session_id: SessionId) -> None:
        """Work through the line of a session, if nobody does."""
        if session_id in self._lines:
            self._again.add(session_id)
            return
        work = partial(self._work_through, session_id)
        task = asyncio.create_task(Errand("line of actions").attempt(work, session=session_id))
        self._lines[session_id] = task
        task.add_done_callback(lambda _: self._line_done(session_id))

    def _line_done(self, session_id: SessionId) -> None:
        self._lines.pop(session_id, None)
        if session_id in self._again:
            self._again.discard(session_id)
            if self._is_open:
                self.work_on(session_id)

    async def _work_through(self, session_id: SessionId) -> None:
        """What goes wrong leaves the line to the keeper, who comes by again."""
        parts = self._parts
        async with self._room:
            while True:
                self._again.discard(session_id)
                head = await store.claim(parts.database, session_id, owner=self._owner, now=parts.clock.now())
                if head is None:
                    return
                if not await self._run(head):
                    return

    async def _run(self, head: RequestedAction) -> bool:
        """Run the head of a line to its end; False when it is not ours any more."""
        attempts = head.attempts
        for pause in _pauses():
            try:
                done = await self._outcome(head)
            except Retryable as error:
                attempts += 1
                log.info("actions.not_now", session=head.session_id, sequence=head.sequence, reason=str(error))
                if attempts >= _MOST_ATTEMPTS:
                    done = ActionDone(status="failed", detail=_TOO_BUSY)
                else:
                    await self._parts.clock.sleep(pause)
                    continue
            return await self._end(head, done)
        raise AssertionError

    async def _outcome(self, head: RequestedAction) -> ActionDone:
        parts = self._parts
        try:
            asked = ActionRequested.model_validate_json(
                parts.sealer.open(head.asked_sealed or b"", purpose=_purpose(head))
            )
            return done_of((await parts.turns.run(self._request(head, asked))).reply)
        except Retryable:
            raise
        except Exception as error:  # whatever it is, it will be the same next time
            is_ours = isinstance(error, ColloquyError)
            log.error(
                "actions.failed",
                session=head.session_id,
                sequence=head.sequence,
                error=type(error).__name__,
                exc_info=not is_ours,
            )
            detail = str(error) if isinstance(error, Refused) else "The server made a mistake. It has been noted."
            return ActionDone(status="failed", detail=detail)

    def _request(self, head: RequestedAction, asked: ActionRequested) -> Request:
        root = self._parts.url_root
        visitor = Visitor(
            user=user_for(head.publisher),
            request=RequestFacts(interface="worker", url_root=root, url=f"{root}interview"),
        )
        name = name_of(asked.interview, asked.session, visitor, "")
        return run_action_of_service(
            name,
            operation_id=f"action:{head.sequence}",
            action=asked.action,
            arguments=asked.arguments,
            visitor=visitor,
        )

    async def _end(self, head: RequestedAction, done: ActionDone) -> bool:
        parts = self._parts
        event = _finished(head, done.status, done.detail)
        told = parts.telling.rows("ActionFinished", head.interview, event.model_dump(exclude={"interview"}))
        messages = parts.outbox.rows([parts.envelopes.wrap(event, dedup_key=f"action:{head.sequence}")])

        async def end(statements: Statements) -> bool:
            return await store.end(
                statements,
                head.sequence,
                owner=self._owner,
                status=done.status,
                detail=done.detail,
                messages=messages,
                now=parts.clock.now(),
            )

        if told:
            async with parts.database.transaction() as connection:
                is_ours = await end(connection)
                for row in told if is_ours else ():
                    await row(connection)
        else:
            is_ours = await end(parts.database)
        if is_ours:
            parts.telling.ring(has_rows=bool(told))
            parts.wake_relay()
            await self._answer(await self._newest(head), done.status, done.detail)
        for ended in self._ended.get(head.sequence, ()):
            ended.set()
        return is_ours

    async def _newest(self, head: RequestedAction) -> RequestedAction:
        """With the place where its publisher waits now: it may have asked again while the action ran."""
        if not head.reply_to:
            return head
        found = await store.find(self._parts.database, head.sequence)
        return head if found is None else replace(head, reply_to=found.reply_to, correlation_id=found.correlation_id)

    # -- Looking after

    async def _keep(self) -> None:
        """Renew what is in hand, and take up lines that somebody has left."""
        parts, now = self._parts, self._parts.clock.now()
        if self._lines:
            await store.renew(parts.database, owner=self._owner, now=now)
        for session_id in await store.waiting(parts.database, now=now, limit=_LINES_AT_A_LOOK):
            self.work_on(session_id)


def _named(asked: ActionRequested) -> tuple[SessionName | None, str | None]:
    """The session that is meant, or why none is."""
    if not asked.session:
        return None, "It names no session."
    try:
        return name_of(asked.interview, asked.session, Visitor(), ""), None
    except (BadInterviewReference, BadSessionCode) as error:
        return None, str(error)


def _finished(one: RequestedAction, status: ActionStatus, detail: str) -> ActionFinished:
    return ActionFinished(
        session_id=one.session_id,
        request_id=one.request_id,
        status=status,
        detail=detail,
        publisher=one.publisher,
        interview=one.interview,
        action=one.action,
        sequence=one.sequence,
    )


def _purpose(one: TakeAction | RequestedAction) -> str:
    return _asked_by(one.publisher, one.request_id)


def _asked_by(publisher: str, request_id: str) -> str:
    return f"action {publisher} {request_id}"


SEALED = SealedColumn(
    table="session.actions",
    column="asked_sealed",
    key=("sequence",),
    reads=("publisher", "request_id"),
    seal_again=at_rest(lambda row: _asked_by(row["publisher"], row["request_id"])),
)


def _pauses() -> Iterator[float]:
    yield from _PAUSES_SECONDS
    while True:
        yield _PAUSES_SECONDS[-1]
