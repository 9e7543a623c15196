"""`/operations/timers` and `/operations/quarantine`: what waits for its time, and what waits for an administrator.

    GET  /operations/timers?session=…&state=…   timers, the next one first
    GET  /operations/quarantine                 mail for sessions that was kept but not delivered
    POST /operations/quarantine                 asks whether to deliver or delete the chosen ones, then does it

What timers carry and what mail says stays sealed.
"""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.browser_sessions import Browser
from services.gateway.desk import Desk
from services.gateway.entering import administrator, administrators_form
from services.gateway.overseeing import told
from shared.contracts.scheduler import ListTimers, TimerList
from shared.kernel.ids import is_id

log = structlog.get_logger()

STATES = ("waiting", "ended", "cancelled")
_TIMERS, _MAILS = 200, 100
_DONE = {"released": "delivered", "deleted": "deleted"}


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    def page(template: str, browser: Browser, title: str, **content: Any) -> Response:
        return desk.people.pages.render(template, browser, status=200, title=title, told=told, **content)

    @routes.get("/operations/timers")
    async def timers(request: Request) -> Response:
        browser = await administrator(desk, request)
        session, state = request.query_params.get("session", "").strip(), request.query_params.get("state", "waiting")
        wanted = ListTimers(
            session_id=session if is_id(session) else "", state=state if state in STATES else "", limit=_TIMERS
        )
        found = await desk.sessions.request(wanted, TimerList)
        return page(
            "operations_timers.html",
            browser,
            "Timers",
            found=found,
            session=wanted.session_id,
            state=wanted.state,
            states=STATES,
            is_cut=len(found.timers) == _TIMERS,
        )

    @routes.get("/operations/quarantine")
    async def quarantine(request: Request) -> Response:
        browser = await administrator(desk, request)
        said = request.query_params.get("done", "")
        done, count = _DONE.get(said), request.query_params.get("count", "")
        note = f"{count} {done}." if done and count.isdecimal() and len(count) < 6 else ""
        return page(
            "operations_quarantine.html",
            browser,
            "Mail in quarantine",
            mails=await desk.quarantine.lines(limit=_MAILS),
            note="Choose some first." if said == "none" else note,
        )

    @routes.post("/operations/quarantine")
    async def decide(request: Request) -> Response:
        form, login = await administrators_form(desk, request)
        chosen = [name.removeprefix("mail ") for name in form.values if name.startswith("mail ")]
        chosen, action = [one for one in chosen if is_id(one)][:_MAILS], form.get("do")
        if not chosen or action not in ("release", "delete"):
            return RedirectResponse("/operations/quarantine?done=none", status_code=303)
        if form.get("sure") != "yes":
            mails = [one for one in await desk.quarantine.lines(limit=_MAILS) if one["id"] in chosen]
            title = "Deliver this mail?" if action == "release" else "Delete this mail for good?"
            return page("operations_quarantine_sure.html", form.browser, title, mails=mails, action=action)
        count = await (desk.quarantine.release(chosen) if action == "release" else desk.quarantine.delete(chosen))
        log.info(f"operations.mail_{action}d", mails=chosen, account=login.account.id)
        return RedirectResponse(f"/operations/quarantine?done={action}d&count={count}", status_code=303)

    return routes
