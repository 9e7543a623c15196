"""What the scheduler is asked to do."""

from __future__ import annotations

from datetime import datetime

from shared.contracts.base import Command, JsonObject, Sealed

TIMERS = "scheduler.timers"


class ScheduleAction(Command, queue=TIMERS):
    """Run an action of a session at a time."""

    timer_id: str
    session_id: str
    action: str
    arguments: Sealed[JsonObject] = Sealed({})
    due: datetime
    repeat: str = ""


class CancelTimer(Command, queue=TIMERS):
    """Forget a timer."""

    timer_id: str
    session_id: str
