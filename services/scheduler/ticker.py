"""Find what is due and say so, once: fires of cron types to the session service as sweeps, timers as actions.

The claim and the message are one transaction, so that any number of schedulers may look at one table, with clocks that
differ, and may die at any instant. What was missed while none of them ran is caught up once, at the newest moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
import structlog

from services.scheduler import store
from services.scheduler.checkpoint import Checkpoint, Unwatched
from services.scheduler.measures import TickerMeasures
from services.scheduler.store import Entry, Fire, NextDue, Timer
from shared.bus.outbox import Outbox
from shared.contracts.base import Command, Sealed, Sealer
from shared.contracts.envelope import Envelope, Envelopes
from shared.contracts.session import NamedAction, RunAction, RunSweep
from shared.contracts.visitor import Visitor
from shared.crypto.rotation import SealedColumn, at_rest
from shared.kernel.clock import Clock
from shared.kernel.ending import end
from shared.kernel.ids import new_id
from shared.kernel.now_and_then import Errand
from shared.kernel.recurrence import BadRecurrence, Recurrence, recurrence_of
from shared.people.cron import cron_user, cron_visitor
from shared.storage.database import Connection, Database

log = structlog.get_logger()

_BATCH = 500
_LONGEST_SLEEP_SECONDS = 5.0
"""Another scheduler may have taken in something that is due sooner; its own process looks at once."""
_AFTER_TROUBLE_SECONDS = 1.0
_TIDY_SECONDS = 3600.0
_KEEPS = timedelta(days=90)
_CLOSE_LOOK = timedelta(days=1)
"""After a long outage the moments of a rule are gone through from here on only."""


def purpose_of(timer_id: str) -> str:
    """What the arguments of a timer are sealed for."""
    return f"timer {timer_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TickerParts:
    """What the ticker works with. `rules` is the timetable; `url_root` is where links of scheduled code start."""

    database: Database
    outbox: Outbox
    envelopes: Envelopes
    wake_relay: Callable[[], None]
    sealer: Sealer
    clock: Clock
    rules: Mapping[str, Recurrence]
    url_root: str
    checkpoint: Checkpoint = field(default_factory=Unwatched)
    measures: TickerMeasures = field(default_factory=TickerMeasures.unseen)


class Ticker:
    """Looks at the tables when something is due; a Component."""

    def __init__(self, parts: TickerParts) -> None:
        self._parts = parts
        self._rung = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_entered = False

    def wake(self) -> None:
        """Something was entered that may be due soon."""
        self._rung.set()

    async def start(self) -> None:
        """Begin; a database that is not there is waited for."""
        if self._task is None:
            self._task = asyncio.create_task(self._go_on(), name="ticker")

    async def stop(self) -> None:
        """End; what was claimed is committed or was not claimed."""
        task, self._task = self._task, None
        if task is not None:
            await end(task)

    async def tick(self) -> None:
        """Say everything that is due now. Raises what the database raises when it does not answer."""
        await self._say_due()

    async def _say_due(self) -> NextDue:
        """The same; gives what is due next. Where nothing is due now, that is one question."""
        parts = self._parts
        if not self._is_entered:
            async with parts.database.transaction() as connection:
                await store.enter(connection, parts.rules, now=parts.clock.now())
            self._is_entered = True
        upcoming, now = await store.next_due(parts.database), parts.clock.now()
        has_types = upcoming.cron_type is not None and upcoming.cron_type <= now
        has_timers = upcoming.timer is not None and upcoming.timer <= now
        if has_types:
            await self._fire()
        if has_timers:
            while await self._ring_timers() == _BATCH:
                continue
        return await store.next_due(parts.database) if has_types or has_timers else upcoming

    async def tidy(self) -> None:
        """Delete fires and timers that were over long ago."""
        before = self._parts.clock.now() - _KEEPS
        while await store.forget(self._parts.database, before=before, limit=_BATCH):
            continue

    async def fire_now(self, fire_id: str, cron_type: str) -> None:
        """A sweep that an operator asked for."""
        async with self._parts.database.transaction() as connection:
            is_new = await store.fire_now(connection, fire_id, cron_type, now=self._parts.clock.now())
            if is_new:
                await self._publish(connection, [self._sweep(fire_id, cron_type)])
        if is_new:
            # Whoever asks may name any type, and labels stay few.
            self._parts.measures.fired(cron_type if cron_type in self._parts.rules else "other")
        self._parts.wake_relay()

    # -- Cron types

    async def _fire(self) -> None:
        parts, now = self._parts, self._parts.clock.now()
        for entry in await store.due_types(parts.database, now=now):
            rule = recurrence_of(entry.rule)
            due = _newest_due(rule, entry, now)
            fire = Fire(fire_id=new_id(), cron_type=entry.cron_type, due=due, fired=now, origin="timetable")
            async with parts.database.transaction() as connection:
                is_ours = await store.claim(connection, entry, fire, next_due=rule.next_after(now, due=due))
                if is_ours:
                    await self._publish(connection, [self._sweep(fire.fire_id, entry.cron_type)])
                    log.info("cron.fired", cron_type=entry.cron_type, late_seconds=(now - due).total_seconds())
                    await parts.checkpoint.reached("claimed", entry.cron_type)
            if is_ours:
                parts.measures.fired(entry.cron_type, late_seconds=(now - due).total_seconds())
            await parts.checkpoint.reached("published", entry.cron_type)
            parts.wake_relay()

    def _sweep(self, fire_id: str, cron_type: str) -> Envelope:
        message = RunSweep(fire_id=fire_id, cron_type=cron_type)
        return self._parts.envelopes.wrap(message, dedup_key=f"sweep {fire_id}")

    # -- Timers

    async def _ring_timers(self) -> int:
        parts, now = self._parts, self._parts.clock.now()
        async with parts.database.transaction() as connection:
            due = await store.due_timers(connection, now=now, limit=_BATCH)
            if not due:
                return 0
            visitor = cron_visitor(await cron_user(connection), url_root=parts.url_root)
            messages, over, again = [], [], []
            for timer in due:
                messages.append(self._ring(timer, visitor))
                following = _following(timer, now)
                if following is None:
                    over.append(timer.timer_id)
                else:
                    again.append((timer.timer_id, following))
            await store.end(connection, over, now=now)
            if again:
                await store.move_on(connection, again)
            await self._publish(connection, messages)
            await parts.checkpoint.reached("claimed", "timers")
        for timer in due:
            parts.measures.rang(late_seconds=(now - timer.due).total_seconds())
        await parts.checkpoint.reached("published", "timers")
        parts.wake_relay()
        return len(due)

    def _ring(self, timer: Timer, visitor: Visitor) -> Envelope:
        arguments = orjson.loads(self._parts.sealer.open(timer.arguments_sealed, purpose=purpose_of(timer.timer_id)))
        operation = f"timer:{timer.timer_id}:{timer.fired}"
        message: Command = RunAction(
            operation_id=operation,
            session_id=timer.session_id,
            call=Sealed(NamedAction(action=timer.action, arguments=arguments)),
            visitor=Sealed(visitor),
            unattended="timers",
        )
        return self._parts.envelopes.wrap(message, dedup_key=operation)

    async def _publish(self, connection: Connection, envelopes: list[Envelope]) -> None:
        await self._parts.outbox.add(connection, envelopes)

    # -- The loop

    async def _go_on(self) -> None:
        tidied, errand = self._parts.clock.monotonic(), Errand("ticker")
        while True:
            self._rung.clear()
            pause = await errand.attempt(self._tick_and_pause)
            if pause is None:
                pause = max(_AFTER_TROUBLE_SECONDS, errand.rest_seconds)
            elif self._parts.clock.monotonic() - tidied > _TIDY_SECONDS:
                tidied = self._parts.clock.monotonic()
                await errand.attempt(self.tidy)
            await self._wait(pause)

    async def _tick_and_pause(self) -> float:
        """Say what is due; gives the seconds until more may be."""
        due = (await self._say_due()).first
        if due is None:
            return _LONGEST_SLEEP_SECONDS
        return min(max((due - self._parts.clock.now()).total_seconds(), 0.0), _LONGEST_SLEEP_SECONDS)

    async def _wait(self, seconds: float) -> None:
        sleeping = asyncio.ensure_future(self._parts.clock.sleep(seconds))
        ringing = asyncio.ensure_future(self._rung.wait())
        try:
            await asyncio.wait({sleeping, ringing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end(sleeping, ringing)


def _newest_due(rule: Recurrence, entry: Entry, now: datetime) -> datetime:
    """The newest moment of the rule up to now: what was missed before it is caught up with it."""
    due, recent = entry.next_due, now - _CLOSE_LOOK
    if due < recent and (closer := rule.next_after(recent, due=entry.next_due)) <= now:
        due = closer
    while (following := rule.next_after(due, due=entry.next_due)) <= now:
        due = following
    return due


def _following(timer: Timer, now: datetime) -> datetime | None:
    """When a timer is due again; None when this was the last time, also when nobody understands its rule any more."""
    if not timer.repeat:
        return None
    try:
        return recurrence_of(timer.repeat).next_after(now, due=timer.due)
    except BadRecurrence as error:
        log.error("timer.rule_not_understood", timer=timer.timer_id, reason=str(error))
        return None


SEALED = SealedColumn(
    table="scheduler.timers",
    column="arguments_sealed",
    key=("id",),
    seal_again=at_rest(lambda row: purpose_of(str(row["id"]))),
)
