"""`/ws`: an open page listens for changes of its session."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit

import orjson
from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from services.gateway.browser_sessions import hash_of
from services.gateway.connections import PUSH
from services.gateway.desk import Desk
from services.gateway.live import Watcher
from shared.crypto.tokens import TokenBroken
from shared.kernel.ending import end
from shared.kernel.errors import Refused, Retryable

_HELLO_SECONDS = 10.0
_REFUSED, _TRY_LATER = 4403, 1013
_MOST_SAID = 100


class Talkative(Refused):
    """An open page only listens."""


class HelloMalformed(Refused):
    """The first message of a page must be `{"type": "watch", "token": …, "version": …}`."""


def router(desk: Desk) -> APIRouter:
    """The route."""
    routes = APIRouter()
    open_pages = desk.metrics.gauge("live_pages", "Pages that are connected for live changes.")

    @routes.websocket("/ws")
    async def watch(socket: WebSocket) -> None:
        await socket.accept()
        try:
            session_id, version = await _hello(desk, socket)
            with desk.hub.watching(session_id, version) as watcher, open_pages.track_inprogress():
                beat = desk.settings.heartbeat_seconds
                await socket.send_text(orjson.dumps({"type": "watching", "beat_seconds": beat}).decode())
                watcher.listen(socket.scope.get("extensions", {}).get(PUSH))
                await _serve(socket, watcher, beat)
        except (Refused, TimeoutError):
            await _close(socket, _REFUSED)
        except Retryable:  # too many pages, or no database: the page asks from time to time and tries again
            await _close(socket, _TRY_LATER)
        except (WebSocketDisconnect, RuntimeError):
            return

    return routes


async def _hello(desk: Desk, socket: WebSocket) -> tuple[str, int]:
    """Which session this page may listen to, and the version it shows. Raises Refused, TimeoutError."""
    _check_origin(desk, socket)
    async with asyncio.timeout(_HELLO_SECONDS):
        text = await socket.receive_text()
    try:
        hello = orjson.loads(text)
        token, version = str(hello["token"]), int(hello["version"])
    except (ValueError, KeyError, TypeError, OverflowError):
        raise HelloMalformed from None
    browser = await desk.browsers.find(socket.cookies)
    if browser is None:
        raise TokenBroken
    return desk.tokens.open_watch(token, hash_of(browser.id)), version


async def _serve(socket: WebSocket, watcher: Watcher, beat_seconds: float) -> None:
    """Pass on changes until the page goes away. Raises Talkative when it goes on and on, for it has nothing to say."""
    sender = asyncio.create_task(_send(socket, watcher, beat_seconds))
    try:
        for _ in range(_MOST_SAID):
            await socket.receive_text()
        raise Talkative
    finally:
        await end(sender)


async def _send(socket: WebSocket, watcher: Watcher, beat_seconds: float) -> None:
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # the page has gone: who listens to it sees that, too
        while True:
            await socket.send_text(await watcher.next_message(beat_seconds))


def _check_origin(desk: Desk, socket: WebSocket) -> None:
    """Cookies come with connections that foreign pages open; their origin gives them away. Raises TokenBroken."""
    origin = socket.headers.get("origin", "")
    wanted = urlsplit(desk.settings.public_url).netloc or socket.headers.get("host", "")
    if origin.lower() in desk.settings.origins:
        return
    if origin and urlsplit(origin).netloc != wanted:
        raise TokenBroken


async def _close(socket: WebSocket, code: int) -> None:
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(code)
