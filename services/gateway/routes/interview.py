"""`/interview`: show a session's screen, take a form, run an action, go back (spec/area2 §2.1, spec/area1 §2.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.browser_sessions import Browser
from services.gateway.desk import Desk
from services.gateway.embedding import script_for
from services.gateway.forms import Posted
from services.gateway.kept_forms import KeptForm
from services.gateway.requests import (
    KEPT,
    SESSION_KEY,
    NotFromElsewhere,
    UnreadableAction,
    action_in,
    interview_in,
    interview_of_state,
    is_inner,
    operation_id,
    session_code,
    url_args_of,
    whole_number,
    without_markup,
)
from services.gateway.turns import Asked, respond
from services.gateway.wording import going_back
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
from shared.contracts.visitor import Visitor, link_holder
from shared.kernel.errors import Malformed, NotAllowed
from shared.kernel.ids import new_code, new_id

_LOST = "Unable to locate interview session.  Starting a new session instead."
_CLOSED = (
    "Unable to retrieve interview session.  Starting a new session instead.  The one you asked for is encrypted and "
    "opens only for those who take part in it. To share sessions by link, an interview sets multi_user to True."
)
_TAKEN_NOW = "What you had sent before signing in was taken now."
_MAKERS = frozenset({"admin", "developer", "advocate"})
_SAMPLES = ("docassemble.base:", "docassemble.demo:", "colloquy.examples:")
"""Packages whose interviews show what can be done: going from one to the next is what they are for."""


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    async def show(request: Request) -> Response:
        query = request.query_params
        interview = interview_in(query)
        whole_number(query, "cache")  # a changed source is noticed without it
        await desk.admit("open", request)
        if not interview:
            return await _of_no_name(request)
        if query.get("js_target"):
            return script_for(request, public_url=desk.settings.public_url)
        browser = await desk.browsers.find_or_begin(request.cookies, interview)
        if whole_number(query, "reset") and browser.is_stored and desk.is_foreign(request):
            return desk.ask_first.page(request, browser, "restart_session")
        if query.get(KEPT) and browser.login is not None:
            kept = await desk.kept_forms.find(browser)
            if kept is not None and kept.interview == interview and kept.account_id == browser.login.account.id:
                return await _take_kept(request, browser, kept)
        wants_data = bool(whole_number(query, "json"))
        asked = Asked(request, browser, interview, wants_data=wants_data)
        visitor = desk.visitor(request, browser, interface="json" if wants_data else "web")
        key = session_code(query.get(SESSION_KEY, "")) if query.get("session") else None
        if key and desk.settings.links_open_sessions:  # behind the browser's own, which opens what it begins
            visitor = visitor.model_copy(update={"keys": (*visitor.keys, link_holder(key))})
        return await _Opening(desk, asked, visitor).answer()

    async def _of_no_name(request: Request) -> Response:
        """The address names no interview: a provider may have sent the browser back to one, or it is in one already.

        Else the operator says what is shown (spec/area2 §2.1, step 4).
        """
        query = request.query_params
        meant = interview_of_state(query)
        if not meant:
            known = await desk.browsers.find(request.cookies)
            meant = (await desk.browsers.latest_interview(known) if known is not None else None) or ""
        if not meant and not desk.front_door.dispatch:
            meant = desk.front_door.default_interview
        if not meant:
            return RedirectResponse("/list" if desk.front_door.dispatch else "/", status_code=303)
        kept = [pair for pair in query.multi_items() if pair[0] != "i"]
        return RedirectResponse(f"/interview?{urlencode([*kept, ('i', meant)])}", status_code=303)

    async def take(request: Request) -> Response:
        posted, browser, interview = await desk.posted(request)
        asked = Asked(
            request,
            browser,
            interview,
            wants_ajax=posted.wants_json,
            wants_data=posted.get("json") not in ("", "0"),
        )
        visitor = _at(posted.location, desk.visitor(request, browser, method="POST"))
        command = await _command_in(desk, posted, browser, interview, visitor, request)
        reply = await desk.sessions.ask(command)
        is_closed = reply.kind in ("locked_out", "sign_in") and browser.former_account
        if is_closed and isinstance(command, SubmitAnswers):
            await desk.kept_forms.keep(browser, KeptForm.of(command, account_id=browser.former_account))
            asked = replace(asked, has_kept_form=True)
        return await respond(desk, asked, reply)

    async def _take_kept(request: Request, browser: Browser, kept: KeptForm) -> Response:
        reply = await desk.sessions.ask(kept.message(desk.visitor(request, browser, method="POST")))
        if reply.kind in ("screen", "command", "response"):  # else it may be tried again
            await desk.kept_forms.drop(browser)
        asked = Asked(request, browser, kept.interview, message=("success", _TAKEN_NOW))
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
        """Enter the session, run the action of the address if there is one, and show the screen.

        In a session that is there already the action is all that is run.
        """
        named = session_code(self._query.get("session", ""))
        action = self._action()
        there = None if self._begins_something else named or self._asked.browser.current_code
        is_at_once = action is not None and there is not None
        reply = await (self._perform(action, there) if action is not None and there else self._enter(named))
        asked = self._asked
        if reply.kind == "locked_out" and asked.browser.has_signed_in_before:
            return await respond(self._desk, asked, reply)
        if reply.kind in ("missing", "locked_out") and not self._is_new:
            if named and asked.wants_data:  # a program asked for this one, and could not know that it got another
                return await respond(self._desk, asked, reply)
            lost, status = (_LOST, 404) if reply.kind == "missing" else (_CLOSED, 403)
            reply, is_at_once = await self._open(new_code(32), may_create=True), False
            asked = self._asked = replace(asked, message=("danger", lost), status=status) if named else asked
        if action is not None and not is_at_once and reply.kind in ("screen", "command", "response"):
            reply = await self._perform(action, reply.session_code.value)
        return await respond(self._desk, asked, reply)

    @property
    def _begins_something(self) -> bool:
        return bool(whole_number(self._query, "reset") or whole_number(self._query, "new_session"))

    def _action(self) -> NamedAction | None:
        """The action of the address; what is wrong with it is told on the page.

        Raises UnreadableAction and NotFromElsewhere to programs.
        """
        encoded = self._query.get("action", "")
        if not encoded:
            return None
        action = action_in(encoded)
        refused: Malformed | NotAllowed | None = None
        if action is None:
            refused, status = UnreadableAction(), 400
        elif self._desk.is_foreign(self._asked.request):
            action = without_markup(action)
            if is_inner(action):
                refused, status = NotFromElsewhere(), 403
        if refused is None:
            return action
        if self._asked.wants_data:
            raise refused
        self._asked = replace(self._asked, message=("danger", str(refused)), status=status)
        return None

    async def _enter(self, named: str | None) -> TurnReply:
        """Open the session that the address or the browser means (spec/area2 §2.1, steps 5 and 6)."""
        browser, reset = self._asked.browser, whole_number(self._query, "reset")
        current = named or browser.current_code
        if reset == 2:
            await self._desk.browsers.forget_all(browser)
        if whole_number(self._query, "new_session") or current is None:
            self._is_new = True
            return await self._begin()
        if reset:
            return await self._open(current, may_create=True, reset=True)
        return await self._open(current, may_create=False)

    async def _begin(self) -> TurnReply:
        """A session that was not there. Who has been in others is told how to get back to them."""
        asked = self._asked
        if self._leaves_others and (others := await self._desk.browsers.sessions(asked.browser)):
            is_same = any(interview == asked.interview for interview, _ in others)
            told = going_back(is_same=is_same, is_somebody=asked.browser.login is not None)
            self._asked = replace(asked, on_the_way=("info", told))
        return await self._open(new_code(32), may_create=True)

    @property
    def _leaves_others(self) -> bool:
        """Whether a visitor may wonder where they were before; not those who make or look after interviews."""
        asked = self._asked
        if not asked.browser.is_stored or asked.wants_data or _MAKERS.intersection(asked.browser.user.roles):
            return False
        is_sample = asked.interview.startswith(_SAMPLES)
        return not (is_sample or whole_number(self._query, "from_list") or whole_number(self._query, "reset"))

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
                url_args=Sealed(url_args_of(self._query.multi_items())),
            )
        )


def _at(location: dict[str, Any] | None, visitor: Visitor) -> Visitor:
    """The visitor, and where they are as far as the page has told."""
    if location is None:
        return visitor
    return visitor.model_copy(update={"user": visitor.user.model_copy(update={"location": location})})


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
            url_args=Sealed(url_args_of(request.query_params.multi_items())),
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
            url_args=Sealed(url_args_of(request.query_params.multi_items())),
        )
    return OpenSession(
        operation_id=operation,
        interview=interview,
        session_code=sealed_code,
        visitor=sealed_visitor,
        url_args=Sealed(url_args_of(request.query_params.multi_items())),
    )
