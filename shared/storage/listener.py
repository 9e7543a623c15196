"""Wake-ups over one connection: who listens to which channel, confirmations, and recovery when the line is lost.

Knows no Redis client: it is given a way to open a Wire (redis.py), which it keeps open, subscribed to exactly the
channels somebody listens to. Entering waits until the server has confirmed the subscription, so that a waiter who
looks at the lock after entering cannot miss its release.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog

from shared.kernel.ending import end
from shared.storage.errors import RedisUnavailable

log = structlog.get_logger()

_QUIET_SECONDS = 15.0
_RETRY_SECONDS = 0.5
_BACKLOG = 256


class Wire(Protocol):
    """A connection that carries subscriptions. All methods raise RedisUnavailable when it is lost."""

    async def send(self, *words: str | bytes) -> None:
        """Send one command."""
        ...

    async def receive(self, timeout_seconds: float) -> list[Any] | None:
        """The next message, or None when none came in time."""
        ...

    async def close(self) -> None:
        """Close it; never raises."""
        ...


class Inbox:
    """What arrived on one channel for one listener. Keeps the newest 256 texts: a wake-up says only "look again"."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self._texts: deque[bytes] = deque(maxlen=_BACKLOG)
        self._arrived = asyncio.Event()

    async def get(self, timeout_seconds: float | None = None) -> bytes | None:
        """The next text; empty after the connection was lost and regained; None when none came in time."""
        if not self._texts:
            try:
                async with asyncio.timeout(timeout_seconds):
                    await self._arrived.wait()
            except TimeoutError:
                return None
        text = self._texts.popleft()
        if not self._texts:
            self._arrived.clear()
        return text

    def put(self, text: bytes) -> None:
        """Hand over a text."""
        self._texts.append(text)
        self._arrived.set()


class _Channel:
    """The listeners of one channel, and whether the server knows."""

    def __init__(self) -> None:
        self.inboxes: set[Inbox] = set()
        self.unconfirmed = 0
        self.confirmed = asyncio.Event()
        self.is_interrupted = False

    def confirm(self) -> None:
        """From now on nothing is missed; whoever listened before an interruption looks again."""
        self.confirmed.set()
        if self.is_interrupted:
            self.is_interrupted = False
            for inbox in self.inboxes:
                inbox.put(b"")


class Listener:
    """All inboxes of a process on one connection; connects with the first one and reconnects by itself."""

    def __init__(self, *, open_wire: Callable[[], Awaitable[Wire]], confirm_seconds: float) -> None:
        self._open_wire = open_wire
        self._confirm_seconds = confirm_seconds
        self._channels: dict[bytes, _Channel] = {}
        self._wire: Wire | None = None
        self._sending = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def enter(self, channel: str) -> Inbox:
        """Begin to listen; returns once the server has confirmed. Raises RedisUnavailable."""
        inbox = Inbox(channel)
        entry = self._channels.setdefault(channel.encode(), _Channel())
        entry.inboxes.add(inbox)
        try:
            if self._task is None:
                self._task = asyncio.create_task(self._run(), name="redis-listener")
            if len(entry.inboxes) == 1:
                await self._tell(b"SUBSCRIBE", channel.encode())
            async with asyncio.timeout(self._confirm_seconds):
                await entry.confirmed.wait()
        except TimeoutError:
            await self.leave(inbox)
            raise RedisUnavailable("A subscription was not confirmed in time.") from None
        except BaseException:
            await self.leave(inbox)
            raise
        return inbox

    async def leave(self, inbox: Inbox) -> None:
        """Listen no longer; never raises."""
        name = inbox.channel.encode()
        entry = self._channels.get(name)
        if entry is None or inbox not in entry.inboxes:
            return
        entry.inboxes.discard(inbox)
        if not entry.inboxes:
            entry.confirmed.clear()
            if not entry.unconfirmed:
                del self._channels[name]
            await self._tell(b"UNSUBSCRIBE", name)

    async def stop(self) -> None:
        """Close the connection; inboxes get nothing more."""
        task, self._task = self._task, None
        if task is not None:
            await end(task)
        self._channels.clear()

    async def _tell(self, verb: bytes, name: bytes) -> None:
        """Send if connected; if not, the next connection subscribes to whatever is wanted then."""
        async with self._sending:
            if self._wire is None:
                return
            if verb == b"SUBSCRIBE" and (entry := self._channels.get(name)):
                entry.unconfirmed += 1
            try:
                await self._wire.send(verb, name)
            except RedisUnavailable:
                await self._wire.close()  # the reader notices and connects again

    async def _run(self) -> None:
        while True:
            try:
                wire = await self._open_wire()
            except RedisUnavailable as error:
                log.warning("redis.listener_waiting", reason=error.detail)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            try:
                await self._subscribe_all(wire)
                await self._read(wire)
            except RedisUnavailable as error:
                log.warning("redis.listener_lost", reason=error.detail)
            finally:
                self._wire = None
                for name, entry in list(self._channels.items()):
                    entry.unconfirmed = 0
                    entry.is_interrupted |= entry.confirmed.is_set()
                    entry.confirmed.clear()
                    if not entry.inboxes:
                        del self._channels[name]
                await wire.close()
            await asyncio.sleep(0)

    async def _subscribe_all(self, wire: Wire) -> None:
        async with self._sending:
            names = [name for name, entry in self._channels.items() if entry.inboxes]
            for name in names:
                self._channels[name].unconfirmed = 1
            if names:
                await wire.send(b"SUBSCRIBE", *names)
            self._wire = wire

    async def _read(self, wire: Wire) -> None:
        has_asked = False
        while True:
            message = await wire.receive(_QUIET_SECONDS)
            if message is None:
                if has_asked:
                    raise RedisUnavailable("The line is silent.")
                has_asked = True
                async with self._sending:
                    await wire.send(b"PING")
                continue
            has_asked = False
            self._take(message)

    def _take(self, message: list[Any]) -> None:
        match message:
            case [b"message", bytes() as name, bytes() as text]:
                for inbox in tuple(self._channels[name].inboxes) if name in self._channels else ():
                    inbox.put(text)
            case [b"subscribe", bytes() as name, _] if entry := self._channels.get(name):
                entry.unconfirmed -= 1
                if entry.unconfirmed <= 0:
                    entry.unconfirmed = 0
                    if entry.inboxes:
                        entry.confirm()
                    else:
                        del self._channels[name]
            case _:
                return
