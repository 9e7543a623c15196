"""How long requests take and how they end, for `/metrics`."""

from __future__ import annotations

import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.kernel.telemetry import Metrics
from shared.kernel.tracing import is_tracing, span, traceparent

_KNOWN = frozenset(
    {"", "api", "checkin", "health", "interview", "metrics", "packagestatic", "run", "start", "static", "user", "vars"}
)
"""Of these the label tells; `""` is the first page. All others are `other`."""


class Timing:
    """Measures every HTTP request; its first path segment is the label, so that labels stay few."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._seconds = metrics.seconds("http_seconds", "How long requests take.", ("route", "method", "status"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note its end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if way := traceparent():
                    # Browsers show it beside the request, and their agents go on with it.
                    MutableHeaders(scope=message).append("server-timing", f'traceparent;desc="{way}"')
            await send(message)

        segment = scope["path"].split("/", 2)[1] if "/" in scope["path"] else ""
        route = segment if segment in _KNOWN else "other"
        method = scope["method"] if scope["method"] in ("GET", "POST", "HEAD") else "other"
        try:
            with span(f"{method} /{route}", parent=_traceparent(scope), kind="server"):
                await self._app(scope, receive, noted)
        finally:
            self._seconds.labels(route, method, str(status)).observe(time.perf_counter() - began)


def _traceparent(scope: Scope) -> str:
    """The way a request is on already: a proxy before us, or a front end, may trace as well."""
    if not is_tracing():
        return ""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"), "")
