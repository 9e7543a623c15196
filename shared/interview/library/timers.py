"""Exact timers: an action of this session at a time of its own, also when nobody is there (`colloquy.interview`).

A timer is an effect: it is committed with the answers, and exists only if they are. The answers know of the timers that
are still to come, so that a step that is taken back takes its timers with it.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from dateutil.relativedelta import relativedelta

from shared.interview.library.dates import DADateTime, as_datetime, current_datetime
from shared.interview.library.faults import DAError
from shared.interview.library.languages import default_timezone
from shared.interview.library.named import COLLOQUY, public_in
from shared.interview.runtime.effects import CancelScheduled, ScheduleTimer
from shared.interview.runtime.names import is_legal
from shared.interview.runtime.run import Run, current_run
from shared.kernel.ids import derived_id, new_id
from shared.kernel.recurrence import BadRecurrence, Recurrence, crontab, interval

__all__ = ["schedule_action"]

MOST_TIMERS = 1000
"""How many timers a session may have that are still to come."""
_KEY, _COUNTS = "timers", "timers of this run"


@public_in(COLLOQUY)
class TimerHandle:
    """A timer that was set: when it is due, whether it is over, and how to take it back."""

    def __init__(self, timer_id: str, due: DADateTime) -> None:
        self._timer_id, self._due, self._is_cancelled = timer_id, due, False

    @property
    def id(self) -> str:
        """The id of the timer, as operators see it."""
        return self._timer_id

    @property
    def due(self) -> DADateTime:
        """When it was to be due for the first time."""
        return self._due

    @property
    def done(self) -> bool:
        """Whether its time has come; False for one that repeats without end, or was cancelled."""
        if self._is_cancelled:
            return False
        timer = _timers(current_run()).get(self._timer_id)
        return timer is None or (not timer["repeat"] and self._due <= current_datetime())

    def cancel(self) -> bool:
        """Take the timer back. False when its action has run, or it was cancelled before."""
        run = current_run()
        if self._timer_id not in _timers(run):
            return False
        del _timers(run)[self._timer_id]
        self._is_cancelled = True
        run.effects.append(CancelScheduled(timer_id=self._timer_id))
        return True

    def __str__(self) -> str:
        return f"a timer for {self._due}"


def schedule_action(
    action: str,
    *,
    at: Any = None,
    after: Any = None,
    repeat: Any = None,
    timezone: str | None = None,
    past: str = "run",
    **arguments: Any,
) -> TimerHandle:
    """Run an action of this session at a time: `schedule_action('remind_them', at=deadline, text='Soon')`.

    `at` is a date, moment or text; `after` a span from now: `date_interval(days=20)`, a timedelta, or seconds.
    `repeat` makes it come again: a span, or a crontab line such as `'0 9 * * 1-5'`, read on the clocks of `timezone`
    (default: that of the person, else of the server), also when they change. With `repeat` alone it comes first when
    the rule says. A time that has passed runs at once, or with `past='refuse'` is an error. The rest are arguments of
    the action: texts, numbers, dates (as texts), lists and dictionaries of them.
    The session needs `multi_user`, or `allow_unattended('timers')`. Raises DAError.
    """
    if not isinstance(action, str) or not is_legal(action):
        raise DAError(f"schedule_action() needs the name of an action, and not {action!r}")
    return set_timer(
        "schedule_action()", action, When(at=at, after=after, repeat=repeat, timezone=timezone, past=past), arguments
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """When a timer is to be due, as an author says it."""

    at: Any = None
    after: Any = None
    repeat: Any = None
    timezone: str | None = None
    past: str = "run"


def set_timer(said_to: str, action: str, when: When, arguments: dict[str, Any]) -> TimerHandle:
    """Set a timer. `said_to` is the function that the author has called, for errors. Raises DAError."""
    run = current_run()
    if when.past not in {"run", "refuse"}:
        raise DAError(f"{said_to}: past is 'run' or 'refuse', and not {when.past!r}")
    timers = _timers(run)
    for timer_id in [timer_id for timer_id, timer in timers.items() if _is_over(timer, run.context.now)]:
        del timers[timer_id]
    if len(timers) >= MOST_TIMERS:
        raise DAError(f"A session can have {MOST_TIMERS} timers at a time: cancel some, or let one action do more")
    zone = when.timezone or run.context.user.timezone or default_timezone()
    rule = _rule(when.repeat, zone)
    due = _due(said_to, when, rule, zone)
    if when.past == "refuse" and due < current_datetime():
        raise DAError(f"{said_to}: the time {due.isoformat()} has passed")
    kept = _as_json(said_to, arguments)
    text = rule.text() if rule else ""
    timer_id = _timer_id(run, action, due, text, kept)
    moment = due.astimezone(datetime.UTC).isoformat()
    _timers(run)[timer_id] = {"action": action, "due": moment, "repeat": text}
    run.effects.append(
        ScheduleTimer(timer_id=timer_id, action=action, arguments=json.loads(kept), due=moment, repeat=text)
    )
    return TimerHandle(timer_id, due)


def take_back(run: Run) -> None:
    """A step is taken back: the timers that were set in it are."""
    if run.prior is None:
        return
    dropped = run.prior["_internal"].get(_KEY, {})
    for timer_id, timer in dropped.items():
        if timer_id not in _timers(run) and not _is_over(timer, run.context.now):
            run.effects.append(CancelScheduled(timer_id=timer_id))


def _timers(run: Run) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = run.internal.setdefault(_KEY, {})
    return found


def _is_over(timer: dict[str, str], now: str) -> bool:
    return not timer["repeat"] and timer["due"] < now


def _rule(repeat: Any, zone: str) -> Recurrence | None:
    if repeat is None:
        return None
    try:
        if isinstance(repeat, str):
            return crontab(repeat, zone)
        if isinstance(repeat, relativedelta) and (repeat.years or repeat.months):
            raise DAError("repeat: months and years are not of one length; use a crontab line such as '0 9 1 * *'")
        start = current_datetime()
        return interval((start + _span(repeat) - start).total_seconds())
    except BadRecurrence as error:
        raise DAError(f"repeat: {error.detail}") from error


def _due(said_to: str, when: When, rule: Recurrence | None, zone: str) -> DADateTime:
    now = current_datetime(zone)
    if when.at is not None and when.after is not None:
        raise DAError(f"{said_to} takes either `at` or `after`")
    if when.at is not None:
        try:
            return as_datetime(when.at, zone)
        except (ValueError, OverflowError) as error:
            raise DAError(f"{said_to}: {when.at!r} is no time") from error
    if when.after is not None:
        try:
            return as_datetime(now + _span(when.after), zone)
        except (ValueError, OverflowError) as error:
            raise DAError(f"{said_to}: {when.after!r} from now is beyond the calendar") from error
    if rule is None:
        raise DAError(f"{said_to} needs `at`, `after` or `repeat`")
    return as_datetime(rule.next_after(now, due=now), zone)


def _span(given: Any) -> datetime.timedelta | relativedelta:
    if isinstance(given, datetime.timedelta | relativedelta):
        return given
    if isinstance(given, int | float) and not isinstance(given, bool):
        return datetime.timedelta(seconds=given)
    raise DAError(f"{given!r} is no span of time: use date_interval(), a timedelta, or a number of seconds")


def _as_json(said_to: str, arguments: dict[str, Any]) -> str:
    def plain(value: Any) -> str:
        if isinstance(value, datetime.date | datetime.time):
            return value.isoformat()
        raise TypeError(type(value).__name__)

    try:
        return json.dumps(arguments, default=plain, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DAError(
            f"{said_to}: an argument is neither text, number, date, list nor dictionary ({error}); "
            "let the action take objects from the answers"
        ) from error


def _timer_id(run: Run, action: str, due: datetime.datetime, repeat: str, arguments: str) -> str:
    """The same in every run of one operation, so that a refused turn that runs again sets no second timer."""
    if not run.context.operation_id:
        return new_id()
    content = hashlib.sha256(f"{due.isoformat()}\n{repeat}\n{arguments}".encode()).hexdigest()
    counts: Counter[tuple[str, str]] = run.memo.setdefault(_COUNTS, Counter())
    same = counts[action, content]
    counts[action, content] += 1
    return derived_id("colloquy timer", run.context.session_id, run.context.operation_id, action, content, str(same))
