"""Dates, times and the spans between them, as authors use them (spec/area4 §6.7, §7.5)."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Mapping
from typing import Any

import babel.dates
import babel.units
from babel import Locale, UnknownLocaleError
from dateutil.parser import ParserError
from dateutil.parser import parse as parse_text
from dateutil.relativedelta import relativedelta

from shared.interview.library.grammar import comma_and_list, quantity_noun
from shared.interview.library.languages import default_timezone, get_language, moment_of_run, word
from shared.interview.library.named import public
from shared.interview.runtime.run import current_run_or_none

__all__ = [
    "DADateTime",
    "as_datetime",
    "current_datetime",
    "date_difference",
    "date_interval",
    "day_of",
    "dow_of",
    "format_date",
    "format_datetime",
    "format_time",
    "month_of",
    "timezone_list",
    "today",
    "valid_datetime",
    "year_of",
]

_STYLES = ("short", "medium", "long", "full")


@public
class DADateTime(datetime.datetime):
    """A moment that prints as a date in the manner of the language: `May 5, 2023`."""

    def format(self, format: str | None = None, language: str | None = None) -> str:
        """The date, in a Babel pattern or `short`, `medium`, `long`, `full`."""
        return format_date(self, format=format, language=language)

    def format_date(self, format: str | None = None, language: str | None = None) -> str:
        """The same as `format`."""
        return format_date(self, format=format, language=language)

    def format_datetime(self, format: str | None = None, language: str | None = None) -> str:
        """Date and time."""
        return format_datetime(self, format=format, language=language)

    def format_time(self, format: str | None = None, language: str | None = None) -> str:
        """The time of day."""
        return format_time(self, format=format, language=language)

    def replace_time(self, time: datetime.time) -> DADateTime:
        """This date at another time of day."""
        return self.replace(hour=time.hour, minute=time.minute, second=time.second, microsecond=time.microsecond)

    def plus(self, **spans: Any) -> DADateTime:
        """Later by years, months, weeks, days, hours, minutes, seconds."""
        return _as_own(self + date_interval(**spans))

    def minus(self, **spans: Any) -> DADateTime:
        """Earlier by years, months, weeks, days, hours, minutes, seconds."""
        return _as_own(self - date_interval(**spans))

    @property
    def nanosecond(self) -> int:
        """Always 0: moments are kept to the microsecond."""
        return 0

    @property
    def dow(self) -> int:
        """Day of the week: 1 is Monday, 7 is Sunday."""
        return self.isoweekday()

    @property
    def week(self) -> int:
        """Number of the week in its year (ISO 8601)."""
        return self.isocalendar().week

    @property
    def language(self) -> str:
        """The language this moment is printed in."""
        return get_language()

    def __str__(self) -> str:
        return format_date(self)


@public
class DateTimeDelta:
    """The span between two moments, in several units; each unit holds the whole span."""

    def __init__(self, *, starting: datetime.datetime, ending: datetime.datetime) -> None:
        span = ending - starting
        self.start, self.end = starting, ending
        self.delta = relativedelta(ending, starting)
        self.seconds: int = int(span.total_seconds())
        self.minutes: float = span.total_seconds() / 60
        self.hours: float = span.total_seconds() / 3600
        self.days: float = span.total_seconds() / 86400
        self.weeks: float = self.days / 7
        self.years: float = (self.days + _leap_days_missing(starting, ending)) / 365.2425

    def describe(self, **options: Any) -> str:
        """The span in words: `seven months and eight days`. `specificity` may be year, month, day, hour, minute or
        second; with `nice=False` numbers are digits.
        """
        specificity = options.get("specificity")
        units = ("years", "months", "days", "hours", "minutes", "seconds")
        parts = [(unit, abs(getattr(self.delta, unit))) for unit in units]
        if specificity is not None:
            last = units.index(f"{str(specificity).removesuffix('s')}s")
            kept = [(unit, number) for unit, number in parts[: last + 1] if number]
            kept = kept or [(units[last], 0)]
        else:
            kept = [(unit, number) for unit, number in parts[:3] if number]
            kept = kept or [(unit, number) for unit, number in parts[3:] if number] or [("seconds", 0)]
        is_nice = bool(options.get("nice", True))
        spans = [_spoken_span(number, unit, is_nice=is_nice) for unit, number in kept]
        text = comma_and_list(spans, oxford=get_language() == "en")
        return text[:1].upper() + text[1:] if options.get("capitalize") else str(text)

    def __str__(self) -> str:
        return str(self.describe())


def _spoken_span(number: int, unit: str, *, is_nice: bool) -> str:
    """`three days`; in other languages in the manner of the language, and if it is not to be nice, `3 días`."""
    if is_nice and get_language() == "en":
        return str(quantity_noun(number, unit))
    return str(babel.units.format_unit(number, f"duration-{unit.removesuffix('s')}", locale=_locale(None)))


def _leap_days_missing(starting: datetime.datetime, ending: datetime.datetime) -> float:
    """Days to add so that whole calendar years come out as whole numbers."""
    delta = relativedelta(ending, starting)
    anniversary = starting + relativedelta(years=delta.years)
    return delta.years * 365.2425 - (anniversary - starting).total_seconds() / 86400


def _as_own(moment: datetime.datetime) -> DADateTime:
    return DADateTime.combine(moment.date(), moment.timetz())


def _zone(name: str | None) -> datetime.tzinfo:
    try:
        return zoneinfo.ZoneInfo(name or default_timezone())
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")


def as_datetime(the_date: Any, timezone: str | None = None) -> DADateTime:
    """A date, moment or text as an aware DADateTime, on the clocks of `timezone` (default: the server's); one that
    says its own zone is converted (spec/area3 §4.1). Raises ValueError for a text that is no date.
    """
    zone = _zone(timezone)
    if isinstance(the_date, datetime.datetime):
        moment = the_date
    elif isinstance(the_date, datetime.date):
        moment = datetime.datetime.combine(the_date, datetime.time(), zone)
    elif isinstance(the_date, datetime.time):
        moment = datetime.datetime.combine(moment_of_run().astimezone(zone), the_date, zone)
    else:
        midnight = datetime.datetime.combine(moment_of_run().astimezone(zone), datetime.time())
        moment = parse_text(str(the_date), default=midnight)
    moment = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)
    return _as_own(moment)


def valid_datetime(the_date: Any) -> bool:
    """Whether it is a moment, or a text that `as_datetime()` can read as one."""
    if isinstance(the_date, datetime.datetime):
        return True
    try:
        as_datetime(the_date)
    except (ParserError, ValueError, OverflowError, TypeError):
        return False
    return bool(str(the_date).strip())


def current_datetime(timezone: str | None = None) -> DADateTime:
    """The moment of this run, in the default time zone or another."""
    return _as_own(moment_of_run().astimezone(_zone(timezone)))


def today(timezone: str | None = None, format: str | None = None) -> Any:
    """Midnight of the current day; as text if `format` is given."""
    midnight = current_datetime(timezone).replace_time(datetime.time())
    return midnight if format is None else midnight.format_date(format)


def date_interval(**spans: Any) -> relativedelta:
    """A span to add to a date or to take from it: years, months, weeks, days, hours, minutes, seconds."""
    return relativedelta(**spans)


def date_difference(starting: Any = None, ending: Any = None, timezone: str | None = None) -> DateTimeDelta:
    """The span from one moment (now) to another (now)."""
    now = current_datetime(timezone)
    return DateTimeDelta(
        starting=now if starting is None else as_datetime(starting, timezone),
        ending=now if ending is None else as_datetime(ending, timezone),
    )


def _locale(language: str | None) -> Locale:
    try:
        return Locale.parse((language or get_language()).replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")


def _moment(value: Any, timezone: str | None = None) -> DADateTime | None:
    """The value as a moment on the clock it is told by, or None when it is none: what names no zone stays without."""
    try:
        if timezone is None and not isinstance(value, datetime.date | datetime.time):
            return _as_own(parse_text(str(value), default=datetime.datetime.combine(today(), datetime.time())))
        if isinstance(value, datetime.datetime) and timezone is None:
            return _as_own(value)
        return as_datetime(value, timezone)
    except (ParserError, ValueError, OverflowError, TypeError):
        return None


def _parsable(value: Any) -> bool:
    return isinstance(value, datetime.date | datetime.time) or bool(str(value).strip())


def _bad_date(given: Any) -> str:
    return word("Bad date") if str(given).strip() else ""


def _pattern(name: str, usual: str) -> str:
    """The author's own default (`date format`, `datetime format`, `time format`), by set_parts() or the metadata."""
    run = current_run_or_none()
    if run is None:
        return usual
    set_now = run.internal.get("screen_parts", {}).get(name)
    written = run.interview.metadata.get(name)
    if isinstance(written, Mapping):
        written = written.get(run.language) or written.get("*")
    return str(set_now or written or usual)


def format_date(the_date: Any, format: str | None = None, language: str | None = None) -> str:
    """The date in the manner of the language; `Bad date` for what is none, nothing for what is empty (area3 §4.1).

    Without `format` as the interview says under `date format`, else in the long form.
    """
    moment = _moment(the_date) if _parsable(the_date) else None
    if moment is None:
        return _bad_date(the_date)
    return str(
        babel.dates.format_date(moment, format=format or _pattern("date format", "long"), locale=_locale(language))
    )


def format_datetime(
    the_date: Any, format: str | None = None, language: str | None = None, timezone: str | None = None
) -> str:
    """Date and time in the manner of the language; for what is none as `format_date` does.

    A moment is told by its own clock, a text without a zone as one of UTC, unless `timezone` names another.
    """
    moment = _moment(the_date, timezone) if _parsable(the_date) else None
    if moment is None:
        return _bad_date(the_date)
    chosen = format or _pattern("datetime format", "long")
    return str(babel.dates.format_datetime(moment, format=chosen, tzinfo=moment.tzinfo, locale=_locale(language)))


def format_time(
    the_time: Any, format: str | None = None, language: str | None = None, timezone: str | None = None
) -> str:
    """The time of day in the manner of the language; for what is none as `format_date` does, with what was given."""
    chosen = format or _pattern("time format", "short")
    if isinstance(the_time, datetime.time):
        return str(babel.dates.format_time(the_time, format=chosen, locale=_locale(language)))
    moment = _moment(the_time, timezone) if _parsable(the_time) else None
    if moment is None:
        said = _bad_date(the_time)
        return f"{said}: {the_time}" if said else ""
    return str(babel.dates.format_time(moment, format=chosen, tzinfo=moment.tzinfo, locale=_locale(language)))


def _part(the_date: Any, number: str, pattern: str, as_word: bool, language: str | None) -> Any:
    moment = _moment(the_date)
    if moment is None:
        return word("Bad date")
    return format_date(moment, pattern, language) if as_word else getattr(moment, number)


def year_of(the_date: Any, language: str | None = None) -> Any:
    """The year; `Bad date` when it is none."""
    return _part(the_date, "year", "yyyy", False, language)


def month_of(the_date: Any, as_word: bool = False, language: str | None = None) -> Any:
    """The month as a number, or as a word; `Bad date` when it is none."""
    return _part(the_date, "month", "MMMM", as_word, language)


def day_of(the_date: Any, language: str | None = None) -> Any:
    """The day of the month; `Bad date` when it is none."""
    return _part(the_date, "day", "d", False, language)


def dow_of(the_date: Any, as_word: bool = False, language: str | None = None) -> Any:
    """The day of the week, 1 is Monday, or its name; `Bad date` when it is none."""
    return _part(the_date, "dow", "EEEE", as_word, language)


def timezone_list() -> list[str]:
    """Names of time zones, for a choice."""
    return sorted(
        name
        for name in zoneinfo.available_timezones()
        if "/" in name and not name.startswith(("Etc/", "SystemV/", "posix", "right"))
    )
