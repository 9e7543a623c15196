"""A door at which the code of tasks calls: the test sees that it runs and how often, and lets it in when it likes.

What a task does there is a side effect outside of all transactions, as an author's call of another service is.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator


class Door:
    """Counts visits by name; everybody is let in at once, unless the door is shut."""

    def __init__(self) -> None:
        self.port = 0
        self.visits: Counter[str] = Counter()
        self._is_open = asyncio.Event()
        self._is_open.set()
        self._news = asyncio.Condition()

    def shut(self) -> None:
        """Visitors wait from now on."""
        self._is_open.clear()

    def open(self) -> None:
        """Let in whoever waits."""
        self._is_open.set()

    async def visited(self, name: str) -> None:
        """Wait until somebody has called under this name."""
        async with self._news:
            await self._news.wait_for(lambda: self.visits[name] > 0)

    async def receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One visit."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            async with self._news:
                self.visits[head.split()[1].decode().removeprefix("/")] += 1
                self._news.notify_all()
            await self._is_open.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nin")
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def open_door() -> AsyncIterator[Door]:
    """A door for the time of the block."""
    door = Door()
    server = await asyncio.start_server(door.receive, "127.0.0.1", 0)
    door.port = server.sockets[0].getsockname()[1]
    try:
        yield door
    finally:
        door.open()
        server.close()
