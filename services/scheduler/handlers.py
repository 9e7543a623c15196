"""One short function for every message the scheduler service works on."""

from __future__ import annotations

from datetime import datetime, timedelta

import orjson

from services.scheduler import store
from services.scheduler.store import Timer
from services.scheduler.ticker import Ticker, purpose_of
from shared.bus.dispatch import HandlerTable
from shared.contracts.base import Sealer
from shared.contracts.envelope import Envelope
from shared.contracts.scheduler import (
    CancelTimer,
    CancelTimers,
    FireEntry,
    FireList,
    FireNow,
    ListFires,
    ListTimers,
    ScheduleAction,
    TimerEntry,
    TimerList,
    TimetableEntry,
)
from shared.kernel.clock import Clock
from shared.storage.database import Database

MOST_FIRES = 500
MOST_TIMERS = 500
LATE = timedelta(minutes=1)


async def on_schedule_action(
    message: ScheduleAction, *, database: Database, sealer: Sealer, ticker: Ticker, envelope: Envelope
) -> None:
    """Take a timer in; one that is known stays as it is."""
    timer = Timer(
        timer_id=message.timer_id,
        session_id=message.session_id,
        action=message.action,
        arguments_sealed=sealer.seal(orjson.dumps(message.arguments.value), purpose=purpose_of(message.timer_id)),
        due=message.due,
        repeat=message.repeat,
        fired=0,
    )
    await store.add(database, timer, asked=datetime.fromisoformat(envelope.time))
    ticker.wake()


async def on_cancel_timer(message: CancelTimer, *, database: Database, clock: Clock) -> None:
    """Forget a timer."""
    await store.cancel(database, message.timer_id, session_id=message.session_id, now=clock.now())


async def on_cancel_timers(message: CancelTimers, *, database: Database, envelope: Envelope) -> None:
    """Forget the timers a session had when it was said; one that it has asked for since stays."""
    await store.cancel_all(database, message.session_id, asked=datetime.fromisoformat(envelope.time))


async def on_fire_now(message: FireNow, *, ticker: Ticker) -> None:
    """Sweep for a cron type that an operator asks for."""
    await ticker.fire_now(message.fire_id, message.cron_type)


async def on_list_fires(message: ListFires, *, database: Database) -> FireList:
    """When cron types are due, and the fires there were."""
    limit = max(1, min(message.limit, MOST_FIRES))
    return FireList(
        timetable=tuple(
            TimetableEntry(cron_type=entry.cron_type, rule=entry.rule, next_due=entry.next_due)
            for entry in await store.timetable(database)
        ),
        fires=tuple(
            FireEntry(fire_id=one.fire_id, cron_type=one.cron_type, due=one.due, fired=one.fired, origin=one.origin)
            for one in await store.fires(database, cron_type=message.cron_type, limit=limit)
        ),
    )


async def on_list_timers(message: ListTimers, *, database: Database, clock: Clock) -> TimerList:
    """Which timers there are."""
    limit = max(1, min(message.limit, MOST_TIMERS))
    rows = await store.timers(database, session_id=message.session_id, state=message.state, limit=limit)
    waiting, late = await store.count_timers(database, late_since=clock.now() - LATE)
    return TimerList(
        timers=tuple(
            TimerEntry(
                timer_id=str(row["id"]),
                session_id=str(row["session_id"]),
                action=row["action"],
                due=row["due_at"],
                repeat=row["repeat"],
                state=row["state"],
                created=row["created_at"],
                ended=row["ended_at"],
                fired=row["fired"],
            )
            for row in rows
        ),
        waiting=waiting,
        late=late,
    )


HANDLERS: HandlerTable = {
    ScheduleAction: on_schedule_action,
    CancelTimer: on_cancel_timer,
    CancelTimers: on_cancel_timers,
    FireNow: on_fire_now,
    ListFires: on_list_fires,
    ListTimers: on_list_timers,
}
