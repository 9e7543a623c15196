"""The rows of the scheduler: when cron types are due, the fires there were, and timers. The only reader and writer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.kernel.recurrence import Recurrence
from shared.storage.database import Row, Statements

# -- Cron types --------------------------------------------------------------------------------------------------------

_ENTER = """
insert into scheduler.timetable (cron_type, rule, next_due) values ($1, $2, $3)
on conflict (cron_type) do update set rule = excluded.rule, next_due = excluded.next_due
where scheduler.timetable.rule <> excluded.rule
"""
_LEAVE = "delete from scheduler.timetable where cron_type <> all($1)"
_DUE_TYPES = "select cron_type, rule, next_due from scheduler.timetable where next_due <= $1 order by next_due"
_CLAIM = """
with moved as (
    update scheduler.timetable set next_due = $4
    where cron_type = $1 and rule = $2 and next_due = $3
    returning cron_type
)
insert into scheduler.fires (id, cron_type, due_at, fired_at, origin)
select $5, cron_type, $6, $7, 'timetable' from moved
on conflict (cron_type, due_at) where origin = 'timetable' do nothing
returning true
"""
_FIRE_NOW = """
insert into scheduler.fires (id, cron_type, due_at, fired_at, origin) values ($1, $2, $3, $3, 'operator')
on conflict (id) do nothing
returning true
"""
_FIRES = """
select id, cron_type, due_at, fired_at, origin from scheduler.fires
where ($1 = '' or cron_type = $1) order by fired_at desc, id limit $2
"""
_TIMETABLE = "select cron_type, rule, next_due from scheduler.timetable order by next_due, cron_type"
_FORGET_FIRES = """
delete from scheduler.fires where id in (
    select id from scheduler.fires where fired_at < $1 order by fired_at limit $2 for update skip locked)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the timetable: a cron type, its rule as text, and when it is due next."""

    cron_type: str
    rule: str
    next_due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fire:
    """One due moment of a cron type."""

    fire_id: str
    cron_type: str
    due: datetime
    fired: datetime
    origin: str


async def enter(statements: Statements, rules: Mapping[str, Recurrence], *, now: datetime) -> None:
    """Make the timetable be these rules. A type that is new, or has another rule, comes first after now."""
    for cron_type, rule in rules.items():
        await statements.execute(_ENTER, cron_type, rule.text(), rule.next_after(now, due=now))
    await statements.execute(_LEAVE, list(rules))


async def due_types(statements: Statements, *, now: datetime) -> list[Entry]:
    """The cron types that are due."""
    return [_entry(row) for row in await statements.fetch(_DUE_TYPES, now)]


async def claim(statements: Statements, entry: Entry, fire: Fire, *, next_due: datetime) -> bool:
    """Move a type on to its next time and note the fire; False when somebody else did."""
    done = await statements.fetchval(
        _CLAIM, entry.cron_type, entry.rule, entry.next_due, next_due, fire.fire_id, fire.due, fire.fired
    )
    return done is not None


async def fire_now(statements: Statements, fire_id: str, cron_type: str, *, now: datetime) -> bool:
    """Note a fire that an operator asked for; False when it is noted already."""
    return await statements.fetchval(_FIRE_NOW, fire_id, cron_type, now) is not None


async def fires(statements: Statements, *, cron_type: str = "", limit: int = 50) -> list[Fire]:
    """The newest fires."""
    return [
        Fire(
            fire_id=str(row["id"]),
            cron_type=row["cron_type"],
            due=row["due_at"],
            fired=row["fired_at"],
            origin=row["origin"],
        )
        for row in await statements.fetch(_FIRES, cron_type, limit)
    ]


async def timetable(statements: Statements) -> list[Entry]:
    """Every cron type, the next one first."""
    return [_entry(row) for row in await statements.fetch(_TIMETABLE)]


def _entry(row: Row) -> Entry:
    return Entry(cron_type=row["cron_type"], rule=row["rule"], next_due=row["next_due"])


# -- Timers ------------------------------------------------------------------------------------------------------------

_ADD = """
insert into scheduler.timers (id, session_id, action, arguments_sealed, due_at, repeat, created_at)
values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing
"""
_CANCEL = """
insert into scheduler.timers (id, session_id, action, arguments_sealed, due_at, created_at, state, ended_at)
values ($1, $2, '', '', $3, $3, 'cancelled', $3)
on conflict (id) do update set state = 'cancelled', ended_at = excluded.ended_at, arguments_sealed = ''
where scheduler.timers.session_id = excluded.session_id and scheduler.timers.state = 'waiting'
"""
_CANCEL_ALL = """
update scheduler.timers set state = 'cancelled', ended_at = $2, arguments_sealed = ''
where session_id = $1 and state = 'waiting' and created_at < $2
"""
_DUE = """
select id, session_id, action, arguments_sealed, due_at, repeat, fired from scheduler.timers
where state = 'waiting' and due_at <= $1 order by due_at limit $2 for update skip locked
"""
_END = """
update scheduler.timers set state = 'ended', ended_at = $2, arguments_sealed = '', fired = fired + 1
where id = any($1::uuid[])
"""
_MOVE_ON = "update scheduler.timers set due_at = $2, fired = fired + 1 where id = $1"
_NEXT = """
select (select min(due_at) from scheduler.timers where state = 'waiting') as timer,
       (select min(next_due) from scheduler.timetable) as cron_type
"""
_LIST = """
select id, session_id, action, due_at, repeat, state, created_at, ended_at, fired from scheduler.timers
where ($1 = '' or session_id::text = $1) and ($2 = '' or state = $2) order by due_at, id limit $3
"""
_COUNT = """
select count(*) as waiting, count(*) filter (where due_at < $1) as late from scheduler.timers where state = 'waiting'
"""
_FORGET_TIMERS = """
delete from scheduler.timers where id in (
    select id from scheduler.timers where state <> 'waiting' and ended_at < $1 order by ended_at limit $2
    for update skip locked)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """One timer of a session that is due."""

    timer_id: str
    session_id: str
    action: str
    arguments_sealed: bytes = field(repr=False)
    due: datetime
    repeat: str
    fired: int
    """How often it has been due before."""


async def add(statements: Statements, timer: Timer, *, asked: datetime) -> None:
    """A new timer, asked for at a time; one that is known, also as cancelled, stays as it is."""
    await statements.execute(
        _ADD,
        timer.timer_id,
        timer.session_id,
        timer.action,
        timer.arguments_sealed,
        timer.due,
        timer.repeat,
        asked,
    )


async def cancel(statements: Statements, timer_id: str, *, session_id: str, now: datetime) -> None:
    """Forget a timer of this session; also one that is not there yet."""
    await statements.execute(_CANCEL, timer_id, session_id, now)


async def cancel_all(statements: Statements, session_id: str, *, asked: datetime) -> None:
    """Forget all timers of a session that were asked for earlier."""
    await statements.execute(_CANCEL_ALL, session_id, asked)


async def due_timers(statements: Statements, *, now: datetime, limit: int) -> list[Timer]:
    """Timers that are due, locked until the transaction ends; those somebody else has in hand are left out."""
    return [
        Timer(
            timer_id=str(row["id"]),
            session_id=str(row["session_id"]),
            action=row["action"],
            arguments_sealed=row["arguments_sealed"],
            due=row["due_at"],
            repeat=row["repeat"],
            fired=row["fired"],
        )
        for row in await statements.fetch(_DUE, now, limit)
    ]


async def end(statements: Statements, timer_ids: Sequence[str], *, now: datetime) -> None:
    """These timers have been due for the last time."""
    await statements.execute(_END, list(timer_ids), now)


async def move_on(statements: Statements, timers: Sequence[tuple[str, datetime]]) -> None:
    """These timers are due again at these times."""
    await statements.executemany(_MOVE_ON, timers)


@dataclass(frozen=True, slots=True)
class NextDue:
    """When the next timer and the next cron type are due; None: there is none."""

    timer: datetime | None
    cron_type: datetime | None

    @property
    def first(self) -> datetime | None:
        """The earlier of the two."""
        return min((each for each in (self.timer, self.cron_type) if each is not None), default=None)


async def next_due(statements: Statements) -> NextDue:
    """When anything is due next."""
    row = await statements.fetchrow(_NEXT)
    return NextDue(None, None) if row is None else NextDue(row["timer"], row["cron_type"])


async def timers(statements: Statements, *, session_id: str = "", state: str = "", limit: int = 50) -> list[Row]:
    """Timers for operators, without what they carry: id, session_id, action, due_at, repeat, state, created_at,
    ended_at, fired.
    """
    return list(await statements.fetch(_LIST, session_id, state, limit))


async def count_timers(statements: Statements, *, late_since: datetime) -> tuple[int, int]:
    """How many timers wait, and how many of them were due before."""
    row = await statements.fetchrow(_COUNT, late_since)
    return (row["waiting"], row["late"]) if row else (0, 0)


async def forget(statements: Statements, *, before: datetime, limit: int) -> bool:
    """Delete a batch of what is over; whether there may be more."""
    gone = [
        await statements.execute(_FORGET_FIRES, before, limit),
        await statements.execute(_FORGET_TIMERS, before, limit),
    ]
    return any(tag == f"DELETE {limit}" for tag in gone)
