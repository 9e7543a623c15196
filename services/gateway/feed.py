"""The feed of events for programs: server-sent events of what this process hears (WHATWG HTML §9.2).

Live only: who was not connected asks for the sessions it knows. A program that does not keep up is disconnected, and
so learns that it missed something. No event holds an answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import contextmanager
from typing import Any, Literal, get_args

import orjson

from shared.contracts.events import ActionFinished, SessionChanged
from shared.kernel.errors import Retryable

FeedEvent = Literal["SessionChanged", "SessionDeleted", "TaskEnded", "ActionFinished"]
FEED_EVENTS: tuple[FeedEvent, ...] = get_args(FeedEvent)

_MOST_WAITING = 1000
_MOST_LISTENERS = 500


class TooManyListeners(Retryable):
    """So many programs listen that there is no room for one more."""


class Listener:
    """One connected program."""

    def __init__(self, session_id: str, events: Collection[str]) -> None:
        self.session_id = session_id
        """Empty: all sessions."""
        self.events = frozenset(events)
        self.waiting: asyncio.Queue[bytes | None] = asyncio.Queue()

    def tell(self, event: bytes | None) -> None:
        """Leave an event; None ends the connection."""
        if self.waiting.qsize() >= _MOST_WAITING:
            event = None
        self.waiting.put_nowait(event)

    async def stream(self, beat_seconds: float) -> AsyncIterator[bytes]:
        """What is sent; a comment when it is quiet."""
        yield b": connected\n\n"
        while True:
            try:
                async with asyncio.timeout(beat_seconds):
                    event = await self.waiting.get()
            except TimeoutError:
                yield b": beat\n\n"
                continue
            if event is None:
                return
            yield event


class Feed:
    """Who listens in this process."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()

    @contextmanager
    def listening(self, session_id: str = "", *, events: Collection[str] = FEED_EVENTS) -> Iterator[Listener]:
        """For as long as somebody is connected, of events of these names. Raises TooManyListeners."""
        if len(self._listeners) >= _MOST_LISTENERS:
            raise TooManyListeners
        listener = Listener(session_id, events)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def changed(self, event: SessionChanged) -> None:
        """A session has changed, or is gone; tasks may have ended with it."""
        told: dict[str, Any] = {"session_id": event.session_id}
        if event.cause == "deleted":
            self._tell(event.session_id, "SessionDeleted", told)
            return
        for task in event.ended_tasks:
            self._tell(event.session_id, "TaskEnded", {**told, "task_id": task})
        self._tell(event.session_id, "SessionChanged", {**told, "version": event.version, "cause": event.cause})

    def finished(self, event: ActionFinished) -> None:
        """An action of another service has ended."""
        self._tell(event.session_id, "ActionFinished", event.model_dump(mode="json"))

    def gap(self) -> None:
        """We may have missed something: who listens connects anew, and looks."""
        for listener in self._listeners:
            listener.tell(None)

    def _tell(self, session_id: str, name: FeedEvent, data: dict[str, Any]) -> None:
        if not self._listeners:
            return
        event = b"event: " + name.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"
        for listener in self._listeners:
            if listener.session_id in ("", session_id) and name in listener.events:
                listener.tell(event)
