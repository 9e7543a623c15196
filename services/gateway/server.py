"""The HTTP server as a component: uvicorn, started and stopped by us, without signal handlers of its own.

It leaves in three steps, so that no request is lost between it and a load balancer: for a while it goes on, but ends
each connection with its next answer; then it listens no more, and tells live connections to come back (close code
1012), which leads them to another gateway; then it waits for the answers that are still being made.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import structlog
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.connections import PushingSocket, patient_for
from shared.kernel.errors import ColloquyError

log = structlog.get_logger()

_LARGEST_SOCKET_MESSAGE = 16 * 1024
_PAUSE_SECONDS = 0.01
_UNANSWERED_MILLISECONDS = 120_000


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
        leave_seconds: float = 0.0,
        on_closing: Callable[[], None] = lambda: None,
    ) -> None:
        self._host, self.port = host, port
        self._app = app
        self._leave_seconds = leave_seconds
        self._on_closing = on_closing
        """Called when no new request comes any more; to end what would be answered without end."""
        self._is_leaving = False
        config = uvicorn.Config(
            self._serve,
            http=patient_for(head_seconds),
            ws=PushingSocket,
            limit_concurrency=max_connections,
            log_config=None,
            access_log=False,
            interface="asgi3",
            lifespan="off",
            server_header=False,
            proxy_headers=bool(trusted_proxies),
            forwarded_allow_ips=trusted_proxies or None,
            ws_max_size=_LARGEST_SOCKET_MESSAGE,
            ws_per_message_deflate=False,
            ws_ping_interval=None,  # our own heartbeats can be heard by scripts; pings cannot
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
        """Leave: see above."""
        task, self._task = self._task, None
        if task is None:
            return
        self._is_leaving = True
        if self._leave_seconds:
            log.info("gateway.leaving", seconds=self._leave_seconds)
            await asyncio.sleep(self._leave_seconds)
        self._on_closing()
        self._server.should_exit = True
        await task

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_last = self._is_leaving and scope["type"] == "http"
        await self._app(scope, receive, _ending(send) if is_last else send)


def _ending(send: Send) -> Send:
    """Answers that end their connection."""

    async def with_end(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
        await send(message)

    return with_end


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, because asyncio turns off Nagle only for sockets that say so: answers would wait 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # connections inherit it: a browser that has gone without a word is noticed
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNANSWERED_MILLISECONDS)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortTaken(f"{host}:{port}: {error.strerror}.") from None
    listener.setblocking(False)
    return listener
