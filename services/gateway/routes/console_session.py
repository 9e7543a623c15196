"""`/operations/session`: who set which variables of one session, for administrators.

    GET  /operations/session/ID?name=…&before=…   the record of changes, the newest first
    POST /operations/session/ID                   the same with the value of one variable

Names come from the record; the value of one is told only to somebody whose own keys, or whose link, would open the
session. The session service writes down every look, this page shows who looked.
"""

from __future__ import annotations

import orjson
import structlog
from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.browser_sessions import Browser
from services.gateway.desk import Desk
from services.gateway.entering import administrator, administrators_form
from services.gateway.overseeing import told
from shared.contracts.base import Sealed
from shared.contracts.provenance import Provenance, TellProvenance
from shared.kernel.ids import is_id

log = structlog.get_logger()

_LINES = 100
_LONGEST_NAME = 500
_LONGEST_VALUE = 20_000
WHO = {
    "person": "a person",
    "task": "a background task",
    "timer": "a timer",
    "cron": "a scheduled action",
    "mail": "an e-mail",
    "service": "another service",
    "api": "the API",
    "session": "another session",
    "other": "something else",
}
HOW = {
    "answers": "a form",
    "shown": "opening the page",
    "action": "an action",
    "check_in": "a check-in",
    "back": "Back",
    "api": "a request",
    "task": "its end",
    "cron": "an action",
    "mail": "an action",
}


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    async def page(request: Request, browser: Browser, session_id: str, name: str, *, shows_value: bool) -> Response:
        login = browser.login
        if login is None or not is_id(session_id):
            raise HTTPException(404)
        before = request.query_params.get("before", "")
        found = await desk.sessions.request(
            TellProvenance(
                session_id=session_id,
                account=login.account.id,
                name=Sealed(name),
                before=int(before) if before.isdecimal() and len(before) < 19 else 0,
                visitor=Sealed(desk.visitor(request, browser)) if shows_value else None,
                limit=_LINES,
            ),
            Provenance,
        )
        log.info("operations.session", session=session_id, value=shows_value, account=login.account.id)
        if not found.is_there:
            raise HTTPException(404)
        return desk.people.pages.render(
            "operations_session.html",
            browser,
            title="Who set what",
            told=told,
            session=session_id,
            found=found,
            name=name,
            value=_shown(found),
            who=WHO,
            how=HOW,
        )

    @routes.get("/operations/session")
    async def find(request: Request) -> Response:
        await administrator(desk, request)
        session_id = request.query_params.get("id", "").strip().lower()
        if not is_id(session_id):
            raise HTTPException(404)
        return RedirectResponse(f"/operations/session/{session_id}", status_code=303)

    @routes.get("/operations/session/{session_id}")
    async def show(request: Request, session_id: str) -> Response:
        browser = await administrator(desk, request)
        name = request.query_params.get("name", "").strip()[:_LONGEST_NAME]
        return await page(request, browser, session_id, name, shows_value=False)

    @routes.post("/operations/session/{session_id}")
    async def show_value(request: Request, session_id: str) -> Response:
        form, _ = await administrators_form(desk, request)
        name = form.text("name")[:_LONGEST_NAME]
        return await page(request, form.browser, session_id, name, shows_value=True)

    return routes


def _shown(found: Provenance) -> str:
    """The value as indented JSON."""
    if found.value is None:
        return ""
    text = orjson.dumps(found.value.value, option=orjson.OPT_INDENT_2, default=str).decode()
    return text[:_LONGEST_VALUE] + "…" if len(text) > _LONGEST_VALUE else text
