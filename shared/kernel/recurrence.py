"""When something that recurs is due next: intervals, and crontab lines in a time zone. Pure: no clock in here.

A crontab line has the five fields of cron(8); times that daylight saving skips or repeats follow Debian's cron, as the
library `cronsim` has it: a fixed time runs once a day also on those days.
"""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from cronsim import CronSim, CronSimError

from shared.kernel.errors import Malformed

_SHORTEST_SECONDS = 1.0
_LONGEST_SECONDS = 100 * 366 * 86_400.0


class BadRecurrence(Malformed):
    """It is not understood when this recurs."""


class Recurrence(Protocol):
    """A rule that gives moments; all of them aware, in UTC."""

    def next_after(self, moment: datetime, *, due: datetime) -> datetime:
        """The first moment after `moment`; `due` is a moment of the rule, from which intervals count."""
        ...

    def text(self) -> str:
        """The rule as `recurrence_of` reads it."""
        ...


@dataclass(frozen=True, slots=True)
class Interval:
    """Every so many seconds, counted from the first time: what comes late does not shift those after it."""

    seconds: float

    def next_after(self, moment: datetime, *, due: datetime) -> datetime:
        """As the protocol says."""
        missed = max((moment - due).total_seconds() // self.seconds, 0)
        return due + timedelta(seconds=self.seconds * (missed + 1))

    def text(self) -> str:
        """`every 3600`."""
        return f"every {self.seconds:.6f}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Crontab:
    """The moments of a crontab line, on the clocks of a zone."""

    line: str
    zone: str

    def next_after(self, moment: datetime, *, due: datetime) -> datetime:
        """As the protocol says; `due` has no part in it."""
        found = next(CronSim(self.line, moment.astimezone(zoneinfo.ZoneInfo(self.zone))))
        return found.astimezone(UTC)

    def text(self) -> str:
        """`cron America/New_York 0 9 * * 1-5`."""
        return f"cron {self.zone} {self.line}"


def interval(seconds: float) -> Interval:
    """Every so many seconds. Raises BadRecurrence for less than a second, and for more than a century."""
    if not _SHORTEST_SECONDS <= seconds <= _LONGEST_SECONDS:
        raise BadRecurrence(f"An interval has from {_SHORTEST_SECONDS:.0f} second to a hundred years, not {seconds}.")
    return Interval(float(seconds))


def crontab(line: str, zone: str) -> Crontab:
    """A crontab line. Raises BadRecurrence with what is wrong in it."""
    fields = " ".join(line.split())
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadRecurrence(f"There is no time zone {zone!r}.") from error
    try:
        if len(fields.split()) != 5:
            raise CronSimError("it needs five fields: minute, hour, day of the month, month, day of the week")
        next(CronSim(fields, datetime(2026, 1, 1, tzinfo=UTC)))
    except StopIteration as error:
        raise BadRecurrence(f"The crontab line {line!r} never comes.") from error
    except CronSimError as error:
        raise BadRecurrence(f"The crontab line {line!r} is not understood: {error}.") from error
    return Crontab(fields, zone)


def recurrence_of(text: str) -> Recurrence:
    """A rule from its text, as `Recurrence.text()` writes it. Raises BadRecurrence."""
    kind, _, rest = text.strip().partition(" ")
    if kind == "every":
        try:
            return interval(float(rest))
        except ValueError as error:
            raise BadRecurrence(f"{rest!r} is not a number of seconds.") from error
    if kind == "cron":
        zone, _, line = rest.strip().partition(" ")
        return crontab(line, zone)
    raise BadRecurrence(f"{text!r} is neither an interval nor a crontab line.")
