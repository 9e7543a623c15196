"""Cron: from a fire to one run in every session that takes part (DESIGN §3 walk 3; spec/area3 §1).

A fire is a message; it becomes one for each interview that has such a block, then page after page of its sessions, then
one for every few of them. Each step is a transaction that remembers its message, so that a fire that is told twice
visits nobody twice. Sessions that take no part cost nothing: they are not in the index.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import orjson
import structlog

from services.session import cron_store as store
from services.session.checkpoint import Checkpoint, Unwatched
from services.session.cron_store import MadeRun, PlannedRun, RunStatus
from services.session.inactive import InactiveSessions
from services.session.inactive_people import InactivePeople
from services.session.operations import run_cron
from services.session.outcomes import Turned, done_of
from services.session.turn import Turns
from shared.bus.inbox import Inbox
from shared.bus.outbox import Outbox
from shared.contracts.base import Sealer
from shared.contracts.envelope import Envelope, Envelopes
from shared.contracts.session import DeleteInactive, RunSweep, TurnReply, VisitSessions
from shared.contracts.visitor import Visitor
from shared.crypto.aead import SealBroken
from shared.crypto.rotation import SealedColumn, at_rest
from shared.evaluation.port import Evaluator
from shared.interview.runtime.outcomes import ResponseReady
from shared.kernel.clock import Clock
from shared.kernel.ids import SessionId
from shared.kernel.together import Together
from shared.people.cron import cron_user, cron_visitor
from shared.storage.database import Database

log = structlog.get_logger()

PAGE = 200
_TOGETHER = 20
"""Sessions of one message."""
_DAILY = "cron_daily"
_DAMAGED = "What is stored of the session does not belong together, or was changed."
TWIN = "_background"
"""What the name of a background twin ends in."""


def purpose_of(run: PlannedRun) -> str:
    """What the report of a run is sealed for."""
    return _place(str(run.fire_id), str(run.session_id), is_background=run.is_background)


def _place(fire_id: str, session_id: str, *, is_background: bool) -> str:
    return f"cron run {fire_id} {session_id} {is_background}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepParts:
    """What sweeps are made with. `per_second` sessions are visited at most by one fire; 0: as many as can be."""

    database: Database
    turns: Turns
    evaluator: Evaluator
    outbox: Outbox
    envelopes: Envelopes
    wake_relay: Callable[[], None]
    sealer: Sealer
    clock: Clock
    url_root: str
    inactive: InactiveSessions
    inactive_people: InactivePeople
    per_second: float = 0.0
    at_once: int = 4
    """How many sessions this process visits at the same time, whatever number of messages it has in hand: one that
    waits for an interview process would hold its session's lock meanwhile, and keep visitors out.
    """
    checkpoint: Checkpoint = field(default_factory=Unwatched)


class Sweeps:
    """Plans the runs of fires, and makes them."""

    def __init__(self, parts: SweepParts) -> None:
        self._parts = parts
        self._inbox = Inbox("session.sweeps")
        self._end = Together(self._end_all)
        self._gate = asyncio.Semaphore(parts.at_once)

    # -- Planning

    async def go_on(self, message: RunSweep, envelope: Envelope) -> None:
        """The next step of a sweep: find the interviews, or plan a page of the sessions of one."""
        if message.interview:
            await self._plan(message, envelope)
        else:
            await self._spread(message, envelope)
        await self._parts.checkpoint.reached("planned", SessionId(message.after_session_id))
        self._parts.wake_relay()

    async def _spread(self, message: RunSweep, envelope: Envelope) -> None:
        parts = self._parts
        if message.cron_type == _DAILY:  # what nobody comes back to goes first (spec/area3 §1.2)
            await parts.inactive.delete(DeleteInactive())
            await parts.inactive_people.delete()
        wanted = [
            RunSweep(fire_id=message.fire_id, cron_type=message.cron_type, interview=interview)
            for interview in await store.interviews(parts.database)
            if any(await self._kinds(interview, message.cron_type))
        ]
        async with parts.database.transaction() as connection:
            if not await self._inbox.is_new(connection, envelope):
                return
            await store.forsake(connection, message.cron_type, now=parts.clock.now())
            await parts.outbox.add(connection, [self._wrapped(one) for one in wanted])

    async def _plan(self, message: RunSweep, envelope: Envelope) -> None:
        parts, now = self._parts, self._parts.clock.now()
        has_action, has_twin = await self._kinds(message.interview, message.cron_type)
        async with parts.database.transaction() as connection:
            if not await self._inbox.is_new(connection, envelope):
                return
            page = await store.plan(
                connection,
                fire_id=message.fire_id,
                cron_type=message.cron_type,
                interview=message.interview,
                after=message.after_session_id,
                kinds=[*([False] if has_action else []), *([True] if has_twin else [])],
                limit=PAGE,
                now=now,
            )
            visits = _visits(page.runs, message.cron_type)
            await parts.outbox.add(connection, [self._wrapped(one) for one in visits])
            if page.last:
                following = message.model_copy(update={"after_session_id": page.last})
                pause = timedelta(seconds=len(page.runs) / parts.per_second if parts.per_second else 0.0)
                await parts.outbox.add(connection, [self._wrapped(following)], not_before=now + pause)

    async def _kinds(self, interview: str, cron_type: str) -> tuple[bool, bool]:
        """Whether an interview has a block for the type, and one for its background twin. One that cannot be read has
        neither (spec/area3 §1.3).
        """
        facts = await self._parts.evaluator.describe(interview, "*")
        names = facts.get("actions")
        offered = frozenset(str(name) for name in names) if isinstance(names, (list, tuple)) else frozenset()
        if cron_type.endswith(TWIN):
            return False, cron_type in offered
        return cron_type in offered, cron_type + TWIN in offered

    def _wrapped(self, message: RunSweep | VisitSessions) -> Envelope:
        if isinstance(message, VisitSessions):
            kind = message.is_background, message.with_twin
            key = f"cron {message.fire_id} {message.session_ids[0]} {kind}"
        else:
            key = f"sweep {message.fire_id} {message.interview} {message.after_session_id}"
        return self._parts.envelopes.wrap(message, dedup_key=key)

    # -- Running

    async def visit(self, message: VisitSessions) -> None:
        """Run a cron type on sessions, once on each, some at a time.

        Raises what a turn raises that could not be made now (Retryable), once all the others are done.
        """
        parts, cron_type = self._parts, message.cron_type
        visitor = cron_visitor(await cron_user(parts.database), url_root=parts.url_root)
        twin = cron_type if cron_type.endswith(TWIN) else cron_type + TWIN
        for is_background in (False, True) if message.with_twin else (message.is_background,):
            to_do = await store.to_do(parts.database, message.fire_id, message.session_ids, is_background=is_background)
            runs = [
                PlannedRun(fire_id=message.fire_id, session_id=SessionId(session_id), is_background=is_background)
                for session_id in to_do
            ]
            action = twin if is_background else cron_type
            outcomes = await asyncio.gather(
                *(self._make(run, action, visitor, to_do[run.session_id]) for run in runs),
                return_exceptions=True,
            )
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome

    async def _make(self, run: PlannedRun, action: str, visitor: Visitor, interview: str) -> None:
        parts = self._parts
        request = run_cron(run.fire_id, run.session_id, action, visitor, is_background=run.is_background)
        async with self._gate:
            started, began = parts.clock.now(), parts.clock.monotonic()
            try:
                turned = await parts.turns.run(request)
            except SealBroken:  # a session that is damaged keeps no other one waiting
                log.warning("cron.damaged", session=run.session_id, interview=interview)
                turned = None
        seconds = parts.clock.monotonic() - began
        status = _status(turned.reply) if turned else "failed"
        if turned and turned.reply.problem and status == "failed":
            problem = turned.reply.problem.value
            log.warning(
                "cron.failed",
                session=run.session_id,
                interview=interview,
                action=action,
                file=problem.file,
                line=problem.line,
            )
        report = _report(turned) if turned else {"error": _DAMAGED}
        sealed = parts.sealer.seal(orjson.dumps(report), purpose=purpose_of(run)) if report else None
        await self._end(MadeRun(run=run, status=status, started=started, seconds=seconds, report_sealed=sealed))

    async def _end_all(self, made: Sequence[MadeRun]) -> Sequence[None]:
        await store.end(self._parts.database, made)
        return [None] * len(made)


def _visits(runs: Sequence[PlannedRun], cron_type: str) -> list[VisitSessions]:
    """Messages for some sessions each: of two runs in one session the action comes first (spec/area3 §1.8)."""
    kinds: dict[SessionId, list[bool]] = {}
    for run in runs:
        kinds.setdefault(run.session_id, []).append(run.is_background)
    alike: dict[tuple[bool, bool], list[str]] = {}
    for session_id, found in kinds.items():
        alike.setdefault((all(found), len(found) > 1), []).append(session_id)
    return [
        VisitSessions(
            fire_id=runs[0].fire_id,
            cron_type=cron_type,
            session_ids=tuple(some),
            is_background=is_background,
            with_twin=with_twin,
        )
        for (is_background, with_twin), session_ids in alike.items()
        for some in _in_parts(session_ids)
    ]


def _in_parts(session_ids: Sequence[str]) -> list[Sequence[str]]:
    return [session_ids[begin : begin + _TOGETHER] for begin in range(0, len(session_ids), _TOGETHER)]


def _status(reply: TurnReply) -> RunStatus:
    if reply.kind == "check_in":  # only looked at: it takes no part any more
        return "skipped"
    return done_of(reply).status


def _report(turned: Turned) -> dict[str, str]:
    """What a run printed, or what was wrong: answers may be in either."""
    reply = turned.reply
    if reply.problem is not None:
        problem = reply.problem.value
        place = ":".join(str(part) for part in (problem.file, problem.line) if part)
        return {"error": f"{problem.title}: {problem.message}", "place": place}
    if reply.response is None:
        return {}
    outcome = turned.result.outcome if turned.result is not None else None
    if isinstance(outcome, ResponseReady) and not outcome.is_text:
        return {}
    text = base64.b64decode(reply.response.value.body_base64).decode(errors="replace").rstrip()
    return {"text": text} if text else {}


SEALED = SealedColumn(
    table="session.cron_runs",
    column="report_sealed",
    key=("fire_id", "session_id", "is_background"),
    seal_again=at_rest(
        lambda row: _place(str(row["fire_id"]), str(row["session_id"]), is_background=row["is_background"])
    ),
)
