"""From the session service's answer to the browser's: a screen, a raw answer, a command, or what went wrong."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TypeVar, assert_never
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from services.gateway.addresses import address_to_go_to, header_lines, header_value, with_json
from services.gateway.browser_sessions import Browser
from services.gateway.desk import Desk
from services.gateway.notices import (
    BUSY,
    FORBIDDEN,
    LOCKED_OUT,
    NEEDS_SIGN_IN,
    UNKNOWN_INTERVIEW,
    Notice,
    of_problem,
)
from services.gateway.pages import Shown
from services.gateway.security import DOCUMENT_POLICY, screen_policy
from shared.contracts.base import Sealed
from shared.contracts.screen import Screen
from shared.contracts.session import HttpAnswer, OpenSession, SessionCommand, TurnReply
from shared.contracts.visitor import Interface
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import new_code, new_id, new_token

T = TypeVar("T")

_SEE_OTHER = 303
_WAIT_SECONDS = 4.0
_HOP_HEADERS = frozenset({"connection", "transfer-encoding", "content-length", "set-cookie", "content-type"})
_REDIRECTS = frozenset({"exit", "leave", "logout", "exit_logout", "interview_exit", "redirect"})
_STATUSES = range(200, 600)
_WITHOUT_BODY = frozenset({204, 205, 304})
_BAD_STATUS = Notice(
    500,
    "Error",
    "This interview answered with a response_code that is no status of HTTP. Tell whoever made it: 200 to 599 are.",
    reason="interview_error",
)
_NEW_WITHOUT_END = Notice(
    500,
    "Error",
    "Every session of this interview begins another one at once. Tell whoever made it.",
    reason="interview_error",
)
_SIGN_IN = {"signin": "/user/sign-in", "register": "/user/register"}


class ReplyMalformed(ColloquyError):
    """The session service's answer lacks the part that it names."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a browser, and the form its answer must have."""

    request: Request
    browser: Browser
    interview: str
    wants_ajax: bool = False
    wants_data: bool = False
    message: tuple[str, str] | None = None
    """(priority, HTML) to flash on the page."""
    on_the_way: tuple[str, str] | None = None
    """The same, said only where the page has a link to sign in, or to one's interviews."""
    has_kept_form: bool = False
    """What was sent is kept until its sender has signed in again."""
    status: int = 200
    """The HTTP status of the page; 404 when what was asked for is not there and something else is shown instead."""


async def respond(desk: Desk, asked: Asked, reply: TurnReply) -> Response:
    """The response to a browser. Raises ReplyMalformed."""
    match reply.kind:
        case "screen":
            return await _screen(desk, asked, reply)
        case "response":
            return await raw(desk, asked, _part(reply.response))
        case "command":
            return await _command(desk, asked, _part(reply.command), reply.session_code.value)
        case "locked_out" if asked.browser.has_signed_in_before:
            return _sign_in(desk, asked, reply.session_code.value)
        case "sign_in":
            return _sign_in(desk, asked, reply.session_code.value)
        case "problem" | "missing" | "locked_out" | "busy" | "forbidden":
            return _notice(desk, asked, notice_of(reply, shows_details=desk.settings.shows_error_details))
        case "check_in" | "variables":
            raise ReplyMalformed(f"A {reply.kind} is no answer to a page.")
        case _:
            assert_never(reply.kind)


def notice_of(reply: TurnReply, *, shows_details: bool) -> Notice:
    """What an answer without a screen means to the person or program that asked. Raises ReplyMalformed."""
    match reply.kind:
        case "problem":
            return of_problem(_part(reply.problem), shows_details=shows_details)
        case "missing":
            return UNKNOWN_INTERVIEW
        case "locked_out":
            return LOCKED_OUT
        case "busy":
            return BUSY
        case "sign_in":
            return NEEDS_SIGN_IN
        case "forbidden":
            return FORBIDDEN
        case _:
            raise ReplyMalformed(f"A {reply.kind} is no notice.")


async def _screen(desk: Desk, asked: Asked, reply: TurnReply) -> Response:
    screen = Screen.model_validate_json(_part(reply.screen))
    if asked.message is not None:
        screen = screen.model_copy(update={"messages": (asked.message, *screen.messages)})
    if asked.on_the_way is not None and screen.shows_login:
        screen = screen.model_copy(update={"messages": (asked.on_the_way, *screen.messages)})
    code = reply.session_code.value
    if code != asked.browser.current_code:
        await desk.browsers.remember(asked.browser, asked.interview, code)
    shown = Shown(
        screen=screen,
        browser=asked.browser,
        interview=asked.interview,
        session_code=code,
        session_id=reply.session_id,
        version=reply.version,
        steps=reply.steps,
        request=desk.visitor(asked.request, asked.browser).request,
    )
    if asked.wants_ajax:
        body = orjson.dumps(desk.pages.ajax(shown))
        response = Response(body, media_type="application/json", headers={"cache-control": "no-store"})
    elif asked.wants_data:
        response = JSONResponse(desk.pages.data(shown), headers={"cache-control": "no-store"})
    else:
        nonce = new_token(16)
        policy = screen_policy(
            nonce, has_inline_handlers=desk.settings.inline_handlers, framed_by=desk.settings.origins
        )
        headers = {"content-security-policy": policy, "cache-control": "no-store"}
        response = HTMLResponse(desk.pages.document(shown, nonce), status_code=asked.status, headers=headers)
    return desk.with_cookies(asked.browser, response)


async def raw(desk: Desk, asked: Asked, answer: HttpAnswer) -> Response:
    """A raw answer as it is. A script is sent to an address where the browser gets it: the run is not repeated."""
    try:
        body = base64.b64decode(answer.body_base64, validate=True)
    except (binascii.Error, ValueError):
        raise ReplyMalformed("The body of a response is not base64.") from None
    headers = {name: value for name, value in header_lines(answer.headers).items() if name not in _HOP_HEADERS}
    for name, url in answer.headers.items():
        if name.lower() == "location":
            headers["location"] = address_to_go_to(url, otherwise=desk.settings.exit_page)
    headers.setdefault("cache-control", "no-store")
    headers.setdefault("content-security-policy", DOCUMENT_POLICY)
    if asked.wants_ajax:
        url = headers.get("location") or await desk.parked.park(asked.browser, answer)
        return JSONResponse({"action": "redirect", "url": url})
    if answer.status not in _STATUSES:
        return _notice(desk, asked, _BAD_STATUS)
    body = b"" if answer.status in _WITHOUT_BODY else body
    kind = header_value(answer.content_type)
    return Response(body, status_code=answer.status, media_type=kind, headers=headers)


async def _command(desk: Desk, asked: Asked, command: SessionCommand, code: str) -> Response:
    """Carry out what the run ended in (spec/area2 §2.6)."""
    here = f"/interview?{urlencode({'i': asked.interview})}"
    name = command.name
    if name == "wait":
        seconds = command.sleep_seconds or _WAIT_SECONDS
        if asked.wants_ajax or asked.wants_data:
            return JSONResponse({"action": "wait", "sleep": seconds})
        waiting = Notice(
            200,
            "Please wait",
            "This takes a moment.",
            icon="hourglass-split",
            links=(),
            retry_seconds=int(seconds) or 1,
        )
        return desk.notices.answer(asked.request, waiting)
    if name == "refresh":
        await _remember(desk, asked, code)
        return JSONResponse({"action": "refresh"}) if asked.wants_ajax else _redirect(asked, here)
    if name == "new_session":
        return await _begin_another(desk, asked, command)
    if name in _SIGN_IN:
        await _remember(desk, asked, code)
        again = f"/interview?{urlencode({'i': asked.interview} | ({'session': code} if code else {}))}"
        sign_in = f"{_SIGN_IN[name]}?{urlencode({'next': again})}"
        return _redirect(asked, address_to_go_to(command.url, otherwise=sign_in))
    if name not in _REDIRECTS:
        raise ReplyMalformed(f"There is no command {name!r}.")
    if name in ("exit", "exit_logout", "logout", "interview_exit"):
        await desk.browsers.forget(asked.browser, asked.interview)
    response = _redirect(asked, address_to_go_to(command.url, otherwise=desk.settings.exit_page))
    if name in ("logout", "exit_logout"):
        await desk.browsers.end(asked.browser)
        desk.browsers.clear_cookies(response)
    return response


async def _remember(desk: Desk, asked: Asked, code: str) -> None:
    """A session whose first run ended in a command is the browser's all the same."""
    if code and code != asked.browser.current_code:
        await desk.browsers.remember(asked.browser, asked.interview, code)


async def _begin_another(desk: Desk, asked: Asked, command: SessionCommand) -> Response:
    """Another session of the same interview, opened with what this one was opened with; its first screen."""
    interface: Interface = "json" if asked.wants_data else "web"
    visitor = desk.visitor(asked.request, asked.browser, interface=interface)
    facts = visitor.request.model_copy(update={"referer": command.referer})
    message = OpenSession(
        operation_id=new_id(),
        interview=asked.interview,
        session_code=Sealed(new_code(32)),
        visitor=Sealed(visitor.model_copy(update={"request": facts})),
        may_create=True,
        url_args=Sealed(command.url_args),
    )
    reply = await desk.sessions.ask(message)
    if reply.kind == "command" and _part(reply.command).name == "new_session":
        return _notice(desk, asked, _NEW_WITHOUT_END)
    return await respond(desk, asked, reply)


def _sign_in(desk: Desk, asked: Asked, code: str) -> Response:
    """Lead to the sign-in, and from there back here; a session that is there already is kept in mind."""
    if asked.wants_data:
        return _notice(desk, asked, NEEDS_SIGN_IN)
    parameters = [("i", asked.interview)]
    if asked.request.method == "GET":
        parameters = [pair for pair in asked.request.query_params.multi_items() if pair[0] != "reset"] or parameters
    elif code:
        parameters.append(("session", code))
    again = f"/interview?{urlencode(parameters)}"
    why = "kept" if asked.has_kept_form else "interview"
    return _redirect(asked, f"/user/sign-in?{urlencode({'next': again, 'why': why})}")


def _redirect(asked: Asked, url: str) -> Response:
    if asked.wants_ajax:
        return JSONResponse({"action": "redirect", "url": url})
    if asked.wants_data:
        url = with_json(url)
    return RedirectResponse(url, status_code=_SEE_OTHER)


def _notice(desk: Desk, asked: Asked, notice: Notice) -> Response:
    response = desk.notices.answer(asked.request, notice, wants_json=asked.wants_ajax or asked.wants_data or None)
    return desk.with_cookies(asked.browser, response)


def _part(sealed: Sealed[T] | None) -> T:
    if sealed is None:
        raise ReplyMalformed
    return sealed.value
