"""`/interview`: show a session's screen, take a form, run an action, go back (spec/area2 §2.1, spec/area1 §2.5)."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.browser_sessions import Browser
from services.gateway.desk import Desk
from services.gateway.forms import Posted
from services.gateway.requests import (
    UnreadableAction,
    action_in,
    interview_in,
    operation_id,
    session_code,
    url_args_of,
    whole_number,
    without_markup,
)
from services.gateway.turns import Asked, respond
from shared.contracts.base import Sealed
from shared.contracts.session import (
    GoBack,
    NamedAction,
    OpenSession,
    PerformAction,
    SessionRequest,
    Submission,
    SubmitAnswers,
    TurnReply,
)
from shared.contracts.visitor import Visitor
from shared.kernel.ids import new_code, new_id

_LOST = "Unable to locate interview session.  Starting a new session instead."
_UNREADABLE = "What this link asks for cannot be read; nothing was done."
_CLOSED = "Unable to retrieve interview session.  Starting a new session instead."


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    async def show(request: Request) -> Response:
        query = request.query_params
        interview = interview_in(query)
        await desk.admit("open", request)
        if not interview:
            known = await desk.browsers.find(request.cookies)
            latest = await desk.browsers.latest_interview(known) if known is not None else None
            again = urlencode([*query.multi_items(), ("i", latest or "")])
            return RedirectResponse(f"/interview?{again}" if latest else "/", status_code=303)
        browser = await desk.browsers.find_or_begin(request.cookies, interview)
        if whole_number(query, "reset") and browser.is_stored and desk.is_foreign(request):
            return desk.ask_first.page(request, browser, "restart_session")
        wants_data = bool(whole_number(query, "json"))
        asked = Asked(request, browser, interview, wants_data=wants_data)
        visitor = desk.visitor(request, browser, interface="json" if wants_data else "web")
        return await _Opening(desk, asked, visitor).answer()

    async def take(request: Request) -> Response:
        posted, browser, interview = await desk.posted(request)
        asked = Asked(
            request,
            browser,
            interview,
            wants_ajax=posted.wants_json,
            wants_data=posted.get("json") not in ("", "0"),
            is_resubmission_possible=not posted.get("_refresh"),
        )
        visitor = desk.visitor(request, browser, method="POST")
        reply = await desk.sessions.ask(await _command_in(desk, posted, browser, interview, visitor, request))
        return await respond(desk, asked, reply)

    # Plain routes: they read the request themselves, and FastAPI's own preparations are felt at every form post.
    routes.add_route("/interview", show, methods=["GET"])
    routes.add_route("/interview", take, methods=["POST"])
    return routes


class _Opening:
    """One `GET /interview`: which session is meant, and what is done with it."""

    def __init__(self, desk: Desk, asked: Asked, visitor: Visitor) -> None:
        self._desk, self._asked, self._visitor = desk, asked, visitor
        self._query = asked.request.query_params
        self._is_new = False
        """Nothing can be lost: what is missing then is the interview."""

    async def answer(self) -> Response:
        """Enter the session, run the action of the address if there is one, and show the screen."""
        named = session_code(self._query.get("session", ""))
        reply = await self._enter(named)
        asked = self._asked
        if reply.kind in ("missing", "locked_out") and not self._is_new:
            if named and asked.wants_data:  # a program asked for this one, and could not know that it got another
                return await respond(self._desk, asked, reply)
            lost, status = (_LOST, 404) if reply.kind == "missing" else (_CLOSED, 403)
            reply = await self._open(new_code(32), may_create=True)
            asked = replace(asked, message=("danger", lost), status=status) if named else asked
        encoded = self._query.get("action", "")
        action = action_in(encoded)
        if action is not None and self._desk.is_foreign(asked.request):
            action = without_markup(action)
        if encoded and action is None:
            if asked.wants_data:
                raise UnreadableAction
            asked = replace(asked, message=asked.message or ("danger", _UNREADABLE), status=400)
        if action is not None and reply.kind in ("screen", "command", "response"):
            reply = await self._perform(action, reply.session_code.value)
        return await respond(self._desk, asked, reply)

    async def _enter(self, named: str | None) -> TurnReply:
        """Open the session that the address or the browser means (spec/area2 §2.1, steps 5 and 6)."""
        browser, reset = self._asked.browser, whole_number(self._query, "reset")
        current = named or browser.current_code
        if reset == 2:
            await self._desk.browsers.forget_all(browser)
        if whole_number(self._query, "new_session") or current is None:
            self._is_new = True
            return await self._open(new_code(32), may_create=True)
        if reset:
            return await self._open(current, may_create=True, reset=True)
        return await self._open(current, may_create=False)

    async def _open(self, code: str, *, may_create: bool, reset: bool = False) -> TurnReply:
        return await self._desk.sessions.ask(
            OpenSession(
                operation_id=new_id(),
                interview=self._asked.interview,
                session_code=Sealed(code),
                visitor=Sealed(self._visitor),
                may_create=may_create,
                reset=reset,
                url_args=Sealed(url_args_of(self._query.multi_items())),
            )
        )

    async def _perform(self, action: NamedAction, code: str) -> TurnReply:
        return await self._desk.sessions.ask(
            PerformAction(
                operation_id=new_id(),
                interview=self._asked.interview,
                session_code=Sealed(code),
                visitor=Sealed(self._visitor),
                call=Sealed(action),
            )
        )


def _action_in(posted: Posted) -> NamedAction:
    """The action a post asks for. Raises UnreadableAction."""
    action = action_in(posted.get("_action"))
    if action is None or not action.action:
        raise UnreadableAction
    return action


async def _command_in(
    desk: Desk, posted: Posted, browser: Browser, interview: str, visitor: Visitor, request: Request
) -> SessionRequest:
    """What a post asks for: back, an action, the answers of a form, or the screen as it is now."""
    code = desk.code_of(posted, browser)
    operation = operation_id(posted.get("_operation"))
    sealed_code, sealed_visitor = Sealed(code), Sealed(visitor)
    if posted.get("_back_one"):
        return GoBack(
            operation_id=operation,
            interview=interview,
            session_code=sealed_code,
            visitor=sealed_visitor,
            step=posted.step,
        )
    if posted.get("_action"):
        return PerformAction(
            operation_id=operation,
            interview=interview,
            session_code=sealed_code,
            visitor=sealed_visitor,
            call=Sealed(_action_in(posted)),
            is_read_only=posted.get("_readonly") == "1",
        )
    if posted.get("_form"):
        form = desk.tokens.open_form(posted.get("_form"), interview, code)
        signature = await desk.uploads.signature(posted, form)
        inputs = tuple(one for one in posted.inputs if signature is None or one.name != signature.name)
        uploads = posted.uploads if signature is None else (*posted.uploads, signature)
        submission = Submission(form=form, inputs=inputs, uploads=uploads, visible=posted.visible)
        return SubmitAnswers(
            operation_id=operation,
            interview=interview,
            session_code=sealed_code,
            visitor=sealed_visitor,
            submission=Sealed(submission),
            step=posted.step,
        )
    return OpenSession(
        operation_id=operation,
        interview=interview,
        session_code=sealed_code,
        visitor=sealed_visitor,
        url_args=Sealed(url_args_of(request.query_params.multi_items())),
    )
