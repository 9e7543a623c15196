"""Health over HTTP for services that have no pages: /health/live, /health/ready, /metrics.

Speaks as much HTTP/1.1 as a probe needs and closes after each answer; listens on a private address.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import orjson
import structlog

from shared.kernel.service import Service
from shared.kernel.telemetry import CONTENT_TYPE, Metrics

log = structlog.get_logger()

_HEAD_LIMIT = 8 * 1024
_READ_SECONDS = 5.0
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}


async def readiness(services: Sequence[Service]) -> tuple[int, dict[str, Any]]:
    """HTTP status and JSON body for /health/ready: 200 when nothing is missing, else 503 with what is."""
    found = await asyncio.gather(*(service.problems() for service in services))
    problems = {service.name: missing for service, missing in zip(services, found, strict=True) if missing}
    return (503 if problems else 200), {"ready": not problems, "problems": problems}


def probed(service: Service, *, host: str, port: int, metrics: Metrics | None = None) -> list[Service]:
    """What a process with this service runs: answers to probes from before its start until after its end.

    `port` 0: nobody asks.
    """
    if not port:
        return [service]
    return [Service("probes", [HealthServer(host=host, port=port, services=[service], metrics=metrics)]), service]


class HealthServer:
    """A Component that answers probes. `port` 0 takes a free one; see `address` after the start."""

    def __init__(self, *, host: str, port: int, services: Sequence[Service], metrics: Metrics | None = None) -> None:
        self._host = host
        self._port = port
        self._services = services
        self._metrics = metrics
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it listens on, once started."""
        if self._server is None:
            return self._host, self._port
        host, port = self._server.sockets[0].getsockname()[:2]
        return str(host), int(port)

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, self._host, self._port, limit=_HEAD_LIMIT)
        log.debug("health.listening", port=self.address[1])

    async def stop(self) -> None:
        """Listen no longer."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_READ_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            status, kind, body = await self._answer(head)
        except (asyncio.IncompleteReadError, TimeoutError, ConnectionError):
            writer.close()
            return
        except asyncio.LimitOverrunError:
            status, kind, body = 400, "text/plain", b"The request is too long.\n"
        writer.write(
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    async def _answer(self, head: bytes) -> tuple[int, str, bytes]:
        words = head.split(b"\r\n", 1)[0].split(b" ")
        if len(words) != 3:
            return 400, "text/plain", b"This is not an HTTP request.\n"
        if words[0] not in (b"GET", b"HEAD"):
            return 405, "text/plain", b"Only GET is answered here.\n"
        match words[1].partition(b"?")[0]:
            case b"/health/live":
                return 200, "application/json", b'{"live":true}'
            case b"/health/ready":
                status, body = await readiness(self._services)
                return status, "application/json", orjson.dumps(body)
            case b"/metrics" if self._metrics is not None:
                return 200, CONTENT_TYPE, self._metrics.render().encode()
            case _:
                return 404, "text/plain", b"There is /health/live, /health/ready and /metrics.\n"
