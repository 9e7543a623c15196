"""What every answer carries and every request must respect: headers, the size of bodies, rates.

Written as plain ASGI, because it stands in the way of every request.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Protocol

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.kernel.errors import Refused, Retryable

STRICT_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
"""Pages of our own: nothing inline runs."""

INTERVIEW_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' https:;"
    " style-src 'self' 'unsafe-inline' https:; img-src 'self' data: blob: https:;"
    " media-src 'self' data: blob: https:; font-src 'self' data: https:;"
    " connect-src 'self' ws: wss: https:; frame-src 'self' https:; worker-src 'self' blob:; object-src 'none';"
    " base-uri 'self'; form-action 'self' https:; frame-ancestors 'self'"
)
"""Pages of interviews: authors' scripts are inline, and may come from https (spec/area1 §16.2, §16.5)."""

_KIB = 1024

_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin-allow-popups",
    "permissions-policy": "browsing-topics=()",
}


class BodyTooLarge(Refused):
    """What was sent is larger than this server takes; nothing was changed. Go back and send less."""


class TooManyRequests(Retryable):
    """Too many requests in a short time; wait a moment."""


class RateLimit(Protocol):
    """May this caller go on? The seam for limits kept in Redis."""

    async def admit(self, kind: str, caller: str) -> None:
        """Count one request of a kind. Raises TooManyRequests."""
        ...


class Unlimited:
    """Admits everybody."""

    async def admit(self, kind: str, caller: str) -> None:
        """Count nothing."""


class SecurityHeaders:
    """Adds to every answer what it does not say itself."""

    def __init__(self, app: ASGIApp, *, is_secure: bool) -> None:
        self._app = app
        self._headers = dict(_HEADERS)
        if is_secure:
            self._headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with its headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("content-security-policy", STRICT_POLICY)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyLimit:
    """Refuses bodies over the limit, by what they announce and by what they are."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, max_file_bytes: int = 0) -> None:
        self._app, self._max_bytes, self._max_file_bytes = app, max_bytes, max_file_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what is received. The reader of the body sees BodyTooLarge."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = _announced(scope)
        limit = self._max_bytes + (self._max_file_bytes if _has_files(scope) else 0)
        received = 0

        async def counted() -> MutableMapping[str, Any]:
            nonlocal received
            if announced > limit:
                raise _refusal(limit)
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _refusal(limit)
            return message

        await self._app(scope, counted, send)


def _refusal(limit: int) -> BodyTooLarge:
    size, unit = (limit // _KIB, "KiB")
    if limit >= _KIB * _KIB:
        size, unit = limit // (_KIB * _KIB), "MiB"
    return BodyTooLarge(f"The limit is {size} {unit}.")


def _has_files(scope: Scope) -> bool:
    """Whether the body may carry files, which are not kept in memory."""
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    return any(kind.lower().startswith(b"multipart/form-data") for kind in kinds)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            try:
                return int(value)
            except ValueError:
                return 0
    return 0
