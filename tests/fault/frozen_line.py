"""A TCP line that a test can freeze: what a paused server looks like to its clients, whatever server it is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import SplitResult, parse_qs, urlsplit


class FrozenLine:
    """Forwards bytes between clients and one server; while frozen it takes them and passes nothing on."""

    def __init__(self) -> None:
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.url = ""

    def freeze(self) -> None:
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    async def forward(self, server: SplitResult, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if server.scheme == "unix":
                server_reader, server_writer = await asyncio.open_unix_connection(server.path)
            else:
                server_reader, server_writer = await asyncio.open_connection(server.hostname, server.port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._copy(reader, server_writer), self._copy(server_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def frozen_line(url: str) -> AsyncIterator[FrozenLine]:
    """A line to the Redis of that URL (`redis:` or `unix:`); clients use the line's own `url`."""
    target = urlsplit(url)
    line = FrozenLine()
    connections: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            await line.forward(target, reader, writer)
        finally:
            connections.discard(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    user, at, _ = target.netloc.rpartition("@")
    number = parse_qs(target.query).get("db", ["0"])[0] if target.scheme == "unix" else target.path.strip("/") or "0"
    line.url = f"redis://{user}{at}127.0.0.1:{port}/{number}"
    try:
        yield line
    finally:
        line.thaw()
        server.close()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
