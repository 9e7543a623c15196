"""What the scheduler is asked to do."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.contracts.base import Command, JsonObject, Reply, Sealed

TIMERS = "scheduler.timers"


class ScheduleAction(Command, queue=TIMERS):
    """Run an action of a session at a time."""

    timer_id: str
    session_id: str
    action: str
    arguments: Sealed[JsonObject] = Sealed({})
    due: datetime
    repeat: str = ""
    """Empty, or a rule as `shared.kernel.recurrence` writes it."""


class CancelTimer(Command, queue=TIMERS):
    """Forget a timer."""

    timer_id: str
    session_id: str


class CancelTimers(Command, queue=TIMERS):
    """Forget all timers of a session: it is gone, or begins anew."""

    session_id: str


class FireNow(Command, queue=TIMERS):
    """Let a cron type be due now, whatever its timetable says."""

    fire_id: str
    cron_type: str


class ListFires(Command, queue=TIMERS):
    """When cron types are due, and the newest fires there were: for operators."""

    cron_type: str = ""
    """Only of this one."""
    limit: int = 50


class ListTimers(Command, queue=TIMERS):
    """Which timers there are: for operators, without what they carry."""

    session_id: str = ""
    """Only of this session."""
    state: str = "waiting"
    """`waiting`, `ended`, `cancelled`, or empty for all."""
    limit: int = 100


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class TimetableEntry(_Value):
    """A cron type, and when it is due next."""

    cron_type: str
    rule: str
    """As `shared.kernel.recurrence` writes it."""
    next_due: AwareDatetime


class FireEntry(_Value):
    """One fire: for when it was due, and when it came."""

    fire_id: str
    cron_type: str
    due: AwareDatetime
    fired: AwareDatetime
    origin: str
    """`timetable` or `operator`."""


class FireList(Reply):
    """What there is."""

    timetable: tuple[TimetableEntry, ...] = ()
    fires: tuple[FireEntry, ...] = ()


class TimerEntry(_Value):
    """One timer: one due moment of one session, or several."""

    timer_id: str
    session_id: str
    action: str
    due: AwareDatetime
    repeat: str = ""
    """Empty, or a rule as `shared.kernel.recurrence` writes it."""
    state: str
    created: AwareDatetime
    ended: AwareDatetime | None = None
    fired: int = 0
    """How often it has been due."""


class TimerList(Reply):
    """What there is, the next one first."""

    timers: tuple[TimerEntry, ...] = ()
    waiting: int = 0
    """How many wait, of all sessions."""
    late: int = 0
    """How many of them should have been due a minute ago or earlier."""
