"""A TCP proxy that can be cut and restored: how a server looks when the line to it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

_CHUNK = 64 * 1024
_PORTS = {"amqp": 5672, "postgresql": 5432, "redis": 6379}

Connect = Callable[[], Coroutine[Any, Any, tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Proxy:
    """Listens on a port of 127.0.0.1 and passes everything on; runs in a thread of its own.

    `cut` ends every connection and refuses new ones, as a server that is gone does; `restore` lets them through again,
    on the same port. `freeze` keeps connections open and passes nothing on, as a lost cable does, until `restore`.
    What passes is also kept in `seen`.
    """

    def __init__(self, connect: Connect) -> None:
        self.seen = bytearray()
        self._connect = connect
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self.port = 0

    def start(self) -> None:
        """Listen on a free port."""
        self._thread.start()
        self._do(self._listen)

    def stop(self) -> None:
        """End everything."""
        self._do(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cut(self) -> None:
        """From now on there is nobody on this port."""
        self._do(self._close)

    def freeze(self) -> None:
        """From now on nothing arrives any more, in either direction."""

        async def freeze() -> None:
            self._flows.clear()

        self._do(freeze)

    def restore(self) -> None:
        """As it was before; connections that were cut stay so."""

        async def restore() -> None:
            self._flows.set()
            if self._server is None:
                await self._listen()

        self._do(restore)

    def _do(self, act: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            await act()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(30)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self._flows.set()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            there, back = await self._connect()
        except OSError:
            self._writers.discard(writer)
            writer.transport.abort()
            return
        self._writers.add(back)
        await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))
        self._writers -= {writer, back}

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while chunk := await source.read(_CHUNK):
                await self._flows.wait()
                self.seen += chunk
                sink.write(chunk)
                await sink.drain()
        with contextlib.suppress(OSError, RuntimeError):
            sink.close()


@contextlib.contextmanager
def proxy_before(url: str) -> Iterator[tuple[Proxy, str]]:
    """A proxy before the server of this URL, and the URL that leads through it."""
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    if parts.scheme == "unix":  # a Redis
        proxy = Proxy(functools.partial(asyncio.open_unix_connection, parts.path))
        parts = parts._replace(scheme="redis", path="/0", query="")
    else:
        port = parts.port or _PORTS[parts.scheme]
        proxy = Proxy(functools.partial(asyncio.open_connection, parts.hostname, port))
    proxy.start()
    try:
        place = f"127.0.0.1:{proxy.port}"
        yield proxy, urlunsplit(parts._replace(netloc=f"{user}@{place}" if user else place))
    finally:
        proxy.stop()
