"""`/checkin`: the page's periodic or change-triggered call; `/vars`: the answers as JSON for their owner."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.gateway.desk import Desk
from services.gateway.forms import acknowledged_notices, awaited_tasks, check_in_call, known_notices
from services.gateway.notices import BUSY, UNKNOWN_INTERVIEW
from services.gateway.requests import interview_in, operation_id, session_code
from services.gateway.turns import notice_of
from shared.contracts.base import Sealed
from shared.contracts.session import CheckIn, ReadVariables, TurnReply
from shared.kernel.errors import NotAllowed
from shared.kernel.ids import new_id

_NOBODY_THERE = {"chat_status": "off", "phone": None, "observerControl": False}
"""Live help is not part of this system; scripts that look for it find it off."""


class VariablesClosed(NotAllowed):
    """This interview does not give its answers to scripts."""


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    async def check_in(request: Request) -> Response:
        request.state.wants_json = True
        posted, browser, interview = await desk.posted(request)
        code = desk.code_of(posted, browser)
        if not interview or not code:
            return JSONResponse({"success": False})
        reply = await desk.sessions.ask(
            CheckIn(
                operation_id=operation_id(posted.get("_operation")),
                interview=interview,
                session_code=Sealed(code),
                visitor=Sealed(desk.visitor(request, browser, method="POST")),
                call=_sealed(check_in_call(posted)),
                acknowledged=acknowledged_notices(posted),
                notices_after=known_notices(posted),
                awaited=awaited_tasks(posted),
            )
        )
        screen_code = next((one.value for one in posted.inputs if one.name == "checkinCode"), "")
        return _checked_in(desk, request, reply, screen_code)

    routes.add_route("/checkin", check_in, methods=["POST"])  # plain, for the same reason as in interview.py

    @routes.post("/checkout")
    async def check_out() -> Response:
        """A page was closed. Its connection says so, too; nothing has to be done."""
        return Response(status_code=204)

    @routes.get("/vars")
    async def variables(request: Request) -> Response:
        request.state.wants_json = True
        interview = interview_in(request.query_params)
        browser = await desk.browsers.find(request.cookies, interview)
        code = session_code(request.query_params.get("session", "")) or (browser.current_code if browser else None)
        if browser is None or code is None:
            return desk.notices.answer(request, UNKNOWN_INTERVIEW)
        reply = await desk.sessions.ask(
            ReadVariables(
                operation_id=new_id(),
                interview=interview,
                session_code=Sealed(code),
                visitor=Sealed(desk.visitor(request, browser, interface="vars")),
                includes_internal=True,
            )
        )
        if reply.kind != "variables" or reply.variables is None:
            return desk.notices.answer(request, notice_of(reply, shows_details=desk.settings.shows_error_details))
        if not may_be_read(reply.variables.value):
            raise VariablesClosed
        return JSONResponse(
            {
                "success": True,
                "variables": reply.variables.value,
                "steps": reply.steps,
                "encrypted": not reply.is_multi_user,
                "uid": reply.session_code.value or code,
                "i": interview,
            },
            headers={"cache-control": "no-store"},
        )

    return routes


def may_be_read(variables: Any) -> bool:
    """Whether the interview leaves its answers open to scripts: `variable_access` (spec/area2 §7)."""
    internal = variables.get("_internal") if isinstance(variables, dict) else None
    misc = internal.get("misc") if isinstance(internal, dict) else None
    return not (isinstance(misc, dict) and misc.get("variable_access") is False)


def _checked_in(desk: Desk, request: Request, reply: TurnReply, screen_code: str) -> Response:
    if reply.kind in ("missing", "locked_out"):
        return JSONResponse({"success": True, "action": "reload"})
    if reply.kind == "busy":
        return desk.notices.answer(request, BUSY, wants_json=True)
    commands = _commands(reply)
    if reply.kind == "problem":  # nothing of the code was saved; what is told about tasks is told all the same
        notice = notice_of(reply, shows_details=desk.settings.shows_error_details)
        told = [one for one in commands if "notice" in one]
        answer = desk.notices.data(notice) | {"commands": told, "notices_up_to": reply.notices_up_to}
        return JSONResponse(answer, status_code=notice.status)
    if reply.kind != "check_in":
        return JSONResponse({"success": False})
    return JSONResponse(
        {
            "success": True,
            "commands": commands,
            "checkin_code": screen_code,
            "version": reply.version,
            "steps": reply.steps,
            "ended_tasks": reply.ended_tasks,
            "notices_up_to": reply.notices_up_to,
            "progress": [one.model_dump() for one in (reply.progress.value if reply.progress is not None else ())],
            **_NOBODY_THERE,
        }
    )


def _commands(reply: TurnReply) -> list[dict[str, Any]]:
    """The commands for the page, as it knows them (spec/area1 §1.9)."""
    given = reply.commands.value if reply.commands is not None else ()
    return [{"value": None, "extra": None} | command.model_dump(exclude_none=True) for command in given]


def _sealed(call: Any) -> Sealed[Any] | None:
    return None if call is None else Sealed(call)
