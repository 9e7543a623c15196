"""Tell open pages that their session changed. Messages carry ids only: the page then does its ordinary check-in. Only
how far a task is, which changes several times a second, comes with what it says.

Each page has room for one message; what comes while it is still being sent is merged into it, so that a slow
connection costs no memory and misses nothing. What happened while a page was on its way is kept for a moment: a page
that says which version it knows is told at once when there is a newer one, or when tasks have ended: that alone makes
no new version. After a break in which we may have missed something, every page is asked to look.

A quiet page gets a heartbeat, so that it can tell a quiet session from a dead connection, and so that no proxy on the
way takes the connection for a forgotten one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import orjson
import structlog

from services.gateway.connections import text_frame
from shared.contracts.events import SessionChanged, TaskProgressed
from shared.kernel.errors import Retryable

log = structlog.get_logger()

Push = Callable[[bytes], bool]
"""Hands a frame to the network at once; False when it was not taken."""

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


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a task says it is. It is shown to whoever shows its session, and remembered nowhere here."""

    task: str
    fraction: float | None
    text: str = field(repr=False)

    def message(self) -> str:
        """The text of the WebSocket message."""
        said = {"type": "progress", "task": self.task, "fraction": self.fraction, "message": self.text}
        return orjson.dumps(said).decode()


BEAT = '{"type":"beat"}'
LOOK = '{"type":"look"}'
"""Something may have happened; nobody knows."""


class Watcher:
    """One open page."""

    __slots__ = ("_must_look", "_pending", "_progress", "_push", "_waiting")

    def __init__(self) -> None:
        self._push: Push | None = None
        self._pending: Change | None = None
        self._progress: dict[str, Progress] = {}
        self._must_look = False
        self._waiting: asyncio.Future[None] | None = None

    def listen(self, push: Push | None) -> None:
        """From now on messages may go out by `push`, which is quicker than waking whoever waits for `next()`."""
        self._push = push

    def tell(self, change: Change, frame: bytes = b"") -> None:
        """Leave a message, or push its frame if nothing is before it; it never blocks."""
        if self._pushes(frame):
            return
        self._pending = change if self._pending is None else self._pending.merged(change)
        self._wake()

    def show(self, progress: Progress, frame: bytes = b"") -> None:
        """Leave news of a task, or push them; what a slow page has not been sent yet gives way to it."""
        if self._pushes(frame):
            return
        self._progress.pop(progress.task, None)
        self._progress[progress.task] = progress
        if len(self._progress) > _MOST_TASKS:
            del self._progress[next(iter(self._progress))]
        self._wake()

    def _pushes(self, frame: bytes) -> bool:
        if self._push is None or not frame or self._pending is not None or self._must_look or self._progress:
            return False
        return self._push(frame)

    def look(self) -> None:
        """Ask the page to check in."""
        self._must_look = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def next(self) -> Change | Progress | None:
        """Wait for the next message; None asks the page to look."""
        while self._pending is None and not self._must_look and not self._progress:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        if self._pending is not None:
            change, self._pending = self._pending, None
            return change
        if self._must_look:
            self._must_look = False
            return None
        return self._progress.pop(next(iter(self._progress)))

    async def next_message(self, beat_seconds: float) -> str:
        """The text of the next message; a heartbeat when there is none for so long."""
        try:
            async with asyncio.timeout(beat_seconds):
                news = await self.next()
        except TimeoutError:
            return BEAT
        return LOOK if news is None else news.message()


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
        watchers = tuple(self._watchers.get(event.session_id, ()))
        frame = text_frame(change.message()) if watchers else b""
        for watcher in watchers:
            watcher.tell(change, frame)

    def show(self, event: TaskProgressed) -> None:
        """A task says how far it is: pass it to the pages that show its session."""
        progress = Progress(event.task_id, event.fraction, event.message.value)
        watchers = tuple(self._watchers.get(event.session_id, ()))
        frame = text_frame(progress.message()) if watchers else b""
        for watcher in watchers:
            watcher.show(progress, frame)

    def look_all(self) -> None:
        """We may have missed what happened: every page is to look."""
        log.info("gateway.pages_look", pages=self.pages)
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.look()
