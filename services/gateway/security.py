"""What every answer carries and every request must respect: headers, the size of bodies, rates.

Written as plain ASGI, because it stands in the way of every request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from typing import Any, Literal, Protocol

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.peers import AllowedHosts
from shared.kernel.errors import ColloquyError, Refused, Retryable

STRICT_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
"""Pages of our own: nothing inline runs."""

_PROBES = ("/health/", "/health_check", "/health_status")
_OF_AUTHORS = (
    "default-src 'self'; script-src {scripts};"
    " style-src 'self' 'unsafe-inline' https:; img-src 'self' data: blob: https:;"
    " media-src 'self' data: blob: https:; font-src 'self' data: https:;"
    " connect-src 'self' ws: wss: https:; frame-src 'self' https:; worker-src 'self' blob:; object-src 'none';"
    " base-uri 'self'; form-action 'self' https:; frame-ancestors {frames}"
)

DOCUMENT_POLICY = _OF_AUTHORS.format(scripts="'self' 'unsafe-inline' 'unsafe-eval' https:", frames="'self'")
"""Documents that an interview made whole (`response()`): what is in them is its author's."""


def screen_policy(nonce: str, *, has_inline_handlers: bool, framed_by: Collection[str] = ()) -> str:
    """Pages around screens: scripts run that carry the nonce, and those that they make or load (`strict-dynamic`).

    So run the scripts of later screens and of check-in code. `unsafe-eval` is for the expressions of `js show if`.
    Browsers that know `strict-dynamic` ignore what follows it (spec/area1 §16.2, §16.5). `framed_by`: origins whose
    pages may show them, besides our own.
    """
    scripts = f"'nonce-{nonce}' 'strict-dynamic' 'unsafe-eval' 'self' https:"
    handlers = "'unsafe-inline'" if has_inline_handlers else "'none'"
    frames = " ".join(["'self'", *sorted(origin for origin in framed_by if origin != "*")])
    return _OF_AUTHORS.format(scripts=f"{scripts}; script-src-attr {handlers}", frames=frames)


_KIB = 1024
_POLICY_VIOLATION = 1008

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin-allow-popups"),
    (b"permissions-policy", b"browsing-topics=()"),
    (b"content-security-policy", STRICT_POLICY.encode()),
)
_HEADERS_OF_SECURE = (*_HEADERS, (b"strict-transport-security", b"max-age=31536000"))


class ServerFull(Retryable):
    """The server has as much to do as it can; try again in a moment."""


class BodyTooSlow(Refused):
    """What was sent did not arrive in time; nothing was changed. Check the connection and send it again."""


class BodyTooLarge(Refused):
    """What was sent is larger than this server takes; nothing was changed. Go back and send less."""


RequestKind = Literal["open", "post", "api"]


class RateLimit(Protocol):
    """May this caller go on? In memory: rates.py."""

    async def admit(self, kind: RequestKind, caller: str) -> None:
        """Count one request of a kind. Raises TooManyRequests."""
        ...


class SecurityHeaders:
    """Adds to every answer what it does not say itself.

    Where a browser came over https (our public URL says so, or a trusted proxy), it is to come over nothing else.
    """

    def __init__(self, app: ASGIApp, *, is_secure: bool) -> None:
        self._app, self._is_secure = app, is_secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with its headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        is_secure = self._is_secure or scope["scheme"] == "https"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                if is_secure:
                    headers = [_with_secure_cookie(name, value) for name, value in headers]
                said = {name.lower() for name, _ in headers}
                added = _HEADERS_OF_SECURE if is_secure else _HEADERS
                message["headers"] = headers + [one for one in added if one[0] not in said]
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _with_secure_cookie(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name == b"set-cookie" and b"; secure" not in value.lower():
        return name, value + b"; Secure"
    return name, value


def with_origins(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Let scripts of these origins read what the application answers, with the visitor's cookies; `*` without."""
    if not origins:
        return app
    is_open = "*" in origins
    return CORSMiddleware(
        app,
        allow_origins=["*"] if is_open else list(origins),
        allow_credentials=not is_open,
        allow_methods=["GET", "POST"],
        allow_headers=["content-type", "x-csrf-token", "x-requested-with"],
        expose_headers=["retry-after"],
    )


Refuse = Callable[[HTTPConnection, ColloquyError], Response]
"""Makes the answer to what does not get as far as the routes."""


class Door:
    """Lets in who comes under one of our names, and only as many at once as can be served."""

    def __init__(self, app: ASGIApp, *, hosts: AllowedHosts, most_at_once: int, refuse: Refuse) -> None:
        self._app, self._hosts, self._most, self._refuse = app, hosts, most_at_once, refuse
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it at once."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        try:
            self._hosts.admit(connection)
            if scope["type"] == "http" and self._inside >= self._most and not scope["path"].startswith(_PROBES):
                raise ServerFull
        except ColloquyError as error:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            else:
                await self._refuse(connection, error)(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        self._inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1


class BodyLimit:
    """Refuses bodies over the limit, by what they announce and by what they are, and those that do not come."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_bytes: int,
        max_file_bytes: int = 0,
        max_bytes_at: Mapping[str, int] | None = None,
        pause_seconds: float = 30.0,
    ) -> None:
        self._app, self._max_bytes, self._max_file_bytes = app, max_bytes, max_file_bytes
        self._max_bytes_at = max_bytes_at or {}
        """Paths that take less than others."""
        self._pause_seconds = pause_seconds
        """How long a body may make us wait for its next part."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count what is received. The reader of the body sees BodyTooLarge."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = _announced(scope)
        limit = self._max_bytes_at.get(scope["path"], 0)
        if not limit:
            limit = self._max_bytes + (self._max_file_bytes if _has_files(scope) else 0)
        received, is_complete = 0, False

        async def counted() -> MutableMapping[str, Any]:
            nonlocal received, is_complete
            if announced > limit:
                raise _refusal(limit)
            if is_complete:  # what comes now is that the browser went away, whenever that is
                return await receive()
            try:
                async with asyncio.timeout(self._pause_seconds):
                    message = await receive()
            except TimeoutError:
                raise BodyTooSlow from None
            is_complete = not message.get("more_body", False)
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
