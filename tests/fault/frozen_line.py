"""A TCP line that a test can freeze: what a paused server looks like to its clients, whatever server it is."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from urllib.parse import SplitResult, parse_qs, urlsplit, urlunsplit


class FrozenLine:
    """Forwards bytes between clients and one server; while frozen it takes them and passes nothing on."""

    def __init__(self) -> None:
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._connections: set[asyncio.Task[None]] = set()
        self.url = ""

    def freeze(self) -> None:
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    def cut(self) -> None:
        """Break every connection; new ones are taken."""
        for connection in tuple(self._connections):
            connection.cancel()

    async def accept(self, server: SplitResult, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client, until it or the line ends."""
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(asyncio.CancelledError):  # it was cut
                await self.forward(server, reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def ended(self) -> None:
        """Break every connection, and wait until they are gone."""
        self.cut()
        await asyncio.gather(*self._connections, return_exceptions=True)

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
        try:
            with contextlib.suppress(OSError):
                while data := await reader.read(65536):
                    await self._flowing.wait()
                    writer.write(data)
                    await writer.drain()
        finally:
            writer.close()


@contextlib.asynccontextmanager
async def frozen_line(url: str) -> AsyncIterator[FrozenLine]:
    """A line to the server of that URL (`redis:`, `unix:` or `amqp:`); clients use the line's own `url`."""
    target = urlsplit(url)
    line = FrozenLine()
    server = await asyncio.start_server(functools.partial(line.accept, target), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    user, at, _ = target.netloc.rpartition("@")
    number = parse_qs(target.query).get("db", ["0"])[0] if target.scheme == "unix" else target.path.strip("/") or "0"
    line.url = f"redis://{user}{at}127.0.0.1:{port}/{number}"
    if target.scheme == "amqp":
        line.url = urlunsplit(target._replace(netloc=f"{user}{at}127.0.0.1:{port}"))
    try:
        yield line
    finally:
        line.thaw()
        server.close()
        await line.ended()
