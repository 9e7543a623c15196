"""The session as a whole: how it is saved, what is shown around it, its tags and times (spec/area2 §2)."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, MutableSet
from typing import Any

from shared.interview.library.dates import DADateTime, as_datetime, current_datetime
from shared.interview.library.stores import DAStore
from shared.interview.library.variables import tags_of
from shared.interview.runtime.run import Run, current_run

__all__ = [
    "get_progress",
    "get_status",
    "last_access_days",
    "last_access_delta",
    "last_access_hours",
    "last_access_minutes",
    "last_access_time",
    "log",
    "mark_task_as_performed",
    "prevent_going_back",
    "returning_user",
    "session_tags",
    "set_live_help_status",
    "set_parts",
    "set_progress",
    "set_save_status",
    "set_status",
    "set_task_counter",
    "set_title",
    "start_time",
    "task_not_yet_performed",
    "task_performed",
    "times_task_performed",
]

_PARTS = "screen_parts"
_ANONYMOUS = -1
_RETURNING_HOURS = 6


def set_save_status(status: str) -> None:
    """How this request is saved: new (a step), overwrite (no new step), ignore (not at all); others are ignored."""
    run = current_run()
    if run.save_status != "ignore" and status in ("new", "overwrite", "ignore"):
        run.save_status = status  # type: ignore[assignment]


def prevent_going_back() -> None:
    """Take the Back button away: nothing before this can be reached again."""
    current_run().forbids_back = True


def set_parts(**parts: Any) -> None:
    """Set texts around the question for the rest of the session: `title`, `subtitle`, `logo`, `exit_label` …"""
    store: dict[str, str] = current_run().internal.setdefault(_PARTS, {})
    for name, text in parts.items():
        key = name.replace("_", " ")
        if text is None:
            store.pop(key, None)
        else:
            store[key] = str(text)


def set_title(**parts: Any) -> None:
    """The old name of `set_parts()`."""
    set_parts(**parts)


def set_progress(number: float | None) -> None:
    """Move the progress bar; None takes it away."""
    current_run().internal["progress"] = number


def get_progress() -> Any:
    """Where the progress bar stands."""
    return current_run().internal.get("progress")


def set_status(**facts: Any) -> None:
    """Note facts about the session beside the variables."""
    current_run().internal.setdefault("misc", {}).update(facts)


def get_status(name: str) -> Any:
    """A fact noted with `set_status()`, or None."""
    return current_run().internal.get("misc", {}).get(name)


def set_live_help_status(availability: Any = None, mode: Any = None, partner_roles: Any = None) -> None:
    """Without effect: this server has no live help. Kept because interviews call it."""


def log(the_message: Any, priority: str = "log") -> None:
    """Write to the server's log; priority `console` or `javascript`: to the browser, any other: flash on the page."""
    run = current_run()
    match priority:
        case "log":
            run.note(str(the_message))
        case "console" | "javascript":
            run.log_lines.append((priority, str(the_message)))
        case _:
            run.messages.append((str(priority), str(the_message)))


# -- Tasks that were performed ---------------------------------------------------------------------------------------


_COUNTERS = "tasks"


def _store_for(persistent: Any) -> DAStore:
    """True: the session's own store, which Back does not undo; a text: the store of that base."""
    base = persistent if isinstance(persistent, str) else "session"
    return DAStore("_tasks", base=base)


def _counters(persistent: Any) -> dict[str, int]:
    if persistent:
        return dict(_store_for(persistent).get(_COUNTERS) or {})
    counters: dict[str, int] = current_run().internal.setdefault("tasks", {})
    return counters


def _count(task: str, times: int, persistent: Any) -> None:
    counters = _counters(persistent)
    counters[task] = times
    if persistent:
        _store_for(persistent).set(_COUNTERS, counters)


def task_performed(task: str, persistent: Any = False) -> bool:
    """Whether the task was marked as performed.

    With `persistent` it is counted outside the answers, where Back does not undo it: True for this session, or the
    base of a DAStore.
    """
    return times_task_performed(task, persistent) > 0


def task_not_yet_performed(task: str, persistent: Any = False) -> bool:
    """Whether the task was not marked as performed."""
    return times_task_performed(task, persistent) == 0


def mark_task_as_performed(task: str, persistent: Any = False) -> int:
    """Count the task once more; how often it has been now."""
    times = times_task_performed(task, persistent) + 1
    _count(task, times, persistent)
    return times


def times_task_performed(task: str, persistent: Any = False) -> int:
    """How often the task was marked as performed."""
    return _counters(persistent).get(task, 0)


def set_task_counter(task: str, times: int, persistent: Any = False) -> None:
    """Say how often the task was performed."""
    _count(task, int(times), persistent)


# -- Tags ------------------------------------------------------------------------------------------------------------


class SessionTags(MutableSet[str]):
    """The tags of the session; a change is a change of the session."""

    def __init__(self, tags: set[str]) -> None:
        self._tags = tags

    def __contains__(self, tag: object) -> bool:
        return tag in self._tags

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._tags))

    def __len__(self) -> int:
        return len(self._tags)

    def add(self, value: str) -> None:
        """Give the session a tag."""
        self._tags.add(value)

    def discard(self, value: str) -> None:
        """Take a tag away, if it is there."""
        self._tags.discard(value)

    def copy(self) -> set[str]:
        """The tags as a plain set."""
        return set(self._tags)

    @classmethod
    def _from_iterable(cls, it: Any) -> Any:
        return set(it)

    def __str__(self) -> str:
        return str(self._tags)


def session_tags() -> SessionTags:
    """The tags of the session, at first those of the interview's metadata."""
    run = current_run()
    tags = run.internal.get("tags")
    if tags is None:
        tags = run.internal["tags"] = tags_of(run)
    return SessionTags(tags)


# -- Times -----------------------------------------------------------------------------------------------------------


def moment_of(value: Any) -> datetime.datetime:
    """A stored moment, text or datetime; without a zone it is UTC."""
    moment = datetime.datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)


def start_time(timezone: str | None = None) -> DADateTime:
    """When the session began."""
    run = current_run()
    return as_datetime(moment_of(run.internal["starttime"]), timezone or run.timezone)


def last_access_time(
    include_privileges: Any = None,
    exclude_privileges: Any = None,
    include_cron: bool = False,
    timezone: str | None = None,
) -> DADateTime | None:
    """When the session was last used, or None (spec/area2 §2.5).

    Privileges are those somebody had at the time; who had none counts as `user`, who had not signed in as `anonymous`.
    Scheduled actions do not count, unless `include_cron`, or `cron` is among the privileges to include.
    """
    run = current_run()
    included, excluded = _listed(include_privileges), _listed(exclude_privileges) or []
    if not include_cron and "cron" not in (included or []):
        excluded = [*excluded, "cron"]
    moments = [
        moment_of(value)
        for user, value in run.internal.get("accesstime", {}).items()
        if _counts(_privileges_of(run, user), included, excluded)
    ]
    return as_datetime(max(moments), timezone or run.timezone) if moments else None


def _listed(privileges: Any) -> list[str] | None:
    if privileges is None:
        return None
    return [privileges] if isinstance(privileges, str) else list(privileges)


def _privileges_of(run: Run, user: Any) -> list[str]:
    if user == _ANONYMOUS:
        return ["anonymous"]
    return run.internal.get("accessroles", {}).get(user) or ["user"]


def _counts(privileges: list[str], included: list[str] | None, excluded: list[str]) -> bool:
    if any(name in excluded for name in privileges):
        return False
    return included is None or any(name in included for name in privileges)


def last_access_delta(*arguments: Any, **options: Any) -> datetime.timedelta:
    """How long ago the session was last used; zero when it was not."""
    moment = last_access_time(*arguments, **options)
    return datetime.timedelta(0) if moment is None else current_datetime() - moment


def last_access_days(*arguments: Any, **options: Any) -> float:
    """How many days ago the session was last used."""
    return last_access_delta(*arguments, **options).total_seconds() / 86400


def last_access_hours(*arguments: Any, **options: Any) -> float:
    """How many hours ago the session was last used."""
    return last_access_delta(*arguments, **options).total_seconds() / 3600


def last_access_minutes(*arguments: Any, **options: Any) -> float:
    """How many minutes ago the session was last used."""
    return last_access_delta(*arguments, **options).total_seconds() / 60


def returning_user(minutes: float | None = None, hours: float | None = None, days: float | None = None) -> bool:
    """Whether somebody comes back after a while (six hours) and has not pressed a button yet."""
    run = current_run()
    if run.context.request.method != "GET":
        return False
    return _has_been_away(run, minutes, hours, days)


def _has_been_away(run: Run, minutes: float | None, hours: float | None, days: float | None) -> bool:
    if minutes is None and hours is None and days is None:
        hours = _RETURNING_HOURS
    limit = datetime.timedelta(minutes=minutes or 0, hours=hours or 0, days=days or 0)
    return last_access_delta() > limit
