"""The HTTP server as a component: uvicorn, started and stopped by us, without signal handlers of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import structlog
import uvicorn
from starlette.types import ASGIApp

from services.gateway.connections import patient_for
from shared.kernel.errors import ColloquyError

log = structlog.get_logger()

_LARGEST_SOCKET_MESSAGE = 16 * 1024
_PAUSE_SECONDS = 0.01


class PortTaken(ColloquyError):
    """Another program listens on this port; choose another one with COLLOQUY_PORT."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the service."""
        yield


class HttpServer:
    """Serves one application on one port; port 0 takes a free one, see `port` after `start`."""

    def __init__(
        self,
        *,
        app: ASGIApp,
        host: str,
        port: int,
        trusted_proxies: str,
        drain_seconds: float,
        head_seconds: float,
        max_connections: int,
    ) -> None:
        self._host, self.port = host, port
        config = uvicorn.Config(
            app,
            http=patient_for(head_seconds),
            limit_concurrency=max_connections,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=bool(trusted_proxies),
            forwarded_allow_ips=trusted_proxies or None,
            ws_max_size=_LARGEST_SOCKET_MESSAGE,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=max(int(drain_seconds), 1),
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. Raises PortTaken."""
        listener = _listen(self._host, self.port)
        self.port = listener.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]), name="http server")
        while not self._server.started:
            if self._task.done():
                await self._task
                raise ColloquyError("The HTTP server ended at once.")
            await asyncio.sleep(_PAUSE_SECONDS)
        log.info("gateway.listening", host=self._host, port=self.port)

    async def stop(self) -> None:
        """Finish the requests in hand, then close."""
        task, self._task = self._task, None
        if task is None:
            return
        self._server.should_exit = True
        await task


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, because asyncio turns off Nagle only for sockets that say so: answers would wait 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortTaken(f"{host}:{port}: {error.strerror}.") from None
    listener.setblocking(False)
    return listener
