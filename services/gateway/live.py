"""Tell open pages that their session changed. Messages carry ids only: the page then does its ordinary check-in.

Each page has room for one message; what comes while it is still being sent is merged into it, so that a slow
connection costs no memory and misses nothing. What happened while a page was on its way is kept for a moment: a page
that says which version it shows is told at once when there is a newer one, or when tasks have ended: that alone makes
no new version.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from shared.contracts.events import SessionChanged
from shared.kernel.errors import Retryable

_REMEMBERED_SESSIONS = 10_000
_MOST_TASKS = 64


class TooManyPages(Retryable):
    """Too many pages show this session at once; this one will ask from time to time instead."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a page is told."""

    version: int
    operation: str = ""
    cause: str = ""
    ended_tasks: tuple[str, ...] = ()
    has_notices: bool = False

    @classmethod
    def of(cls, event: SessionChanged) -> Change:
        """From the event of the session service."""
        tasks = event.ended_tasks[-_MOST_TASKS:]
        return cls(event.version, event.operation_id, event.cause, tasks, event.has_notices)

    def merged(self, later: Change) -> Change:
        """Both in one; whose doing it was is then left out, so that no page takes it for its own echo."""
        tasks = tuple(dict.fromkeys((*self.ended_tasks, *later.ended_tasks)))[-_MOST_TASKS:]
        return Change(
            version=max(self.version, later.version),
            operation=later.operation if later.operation == self.operation else "",
            cause=later.cause if later.cause != "check_in" else self.cause,
            ended_tasks=tasks,
            has_notices=self.has_notices or later.has_notices,
        )

    def message(self) -> str:
        """The text of the WebSocket message."""
        return orjson.dumps(
            {
                "type": "changed",
                "version": self.version,
                "operation": self.operation,
                "cause": self.cause,
                "ended_tasks": self.ended_tasks,
                "notices": self.has_notices,
            }
        ).decode()


class Watcher:
    """One open page."""

    def __init__(self) -> None:
        self._pending: Change | None = None
        self._told = asyncio.Event()

    def tell(self, change: Change) -> None:
        """Leave a message; it never blocks."""
        self._pending = change if self._pending is None else self._pending.merged(change)
        self._told.set()

    async def next(self) -> Change:
        """Wait for the next message."""
        while self._pending is None:
            self._told.clear()
            await self._told.wait()
        change, self._pending = self._pending, None
        return change


class Hub:
    """Which pages of this process show which session."""

    def __init__(self, *, max_per_session: int = 64, remembered: int = _REMEMBERED_SESSIONS) -> None:
        self._max_per_session, self._remembered = max_per_session, remembered
        self._watchers: dict[str, set[Watcher]] = {}
        self._recent: OrderedDict[str, Change] = OrderedDict()

    @property
    def pages(self) -> int:
        """How many pages are connected."""
        return sum(len(watchers) for watchers in self._watchers.values())

    @contextmanager
    def watching(self, session_id: str, version: int) -> Iterator[Watcher]:
        """Listen while a page is open; `version` is the one it shows. Raises TooManyPages."""
        watchers = self._watchers.setdefault(session_id, set())
        if len(watchers) >= self._max_per_session:
            raise TooManyPages
        watcher = Watcher()
        watchers.add(watcher)
        recent = self._recent.get(session_id)
        if recent is not None and (recent.version > version or recent.ended_tasks):
            watcher.tell(recent)
        try:
            yield watcher
        finally:
            watchers.discard(watcher)
            if not watchers and self._watchers.get(session_id) is watchers:
                del self._watchers[session_id]

    def tell(self, event: SessionChanged) -> None:
        """A session changed: pass it to the pages that show it."""
        change = Change.of(event)
        earlier = self._recent.pop(event.session_id, None)
        self._recent[event.session_id] = change if earlier is None else earlier.merged(change)
        while len(self._recent) > self._remembered:
            self._recent.popitem(last=False)
        for watcher in tuple(self._watchers.get(event.session_id, ())):
            watcher.tell(change)
