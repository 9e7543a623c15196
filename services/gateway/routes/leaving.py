"""Addresses that end or restart something: `/exit`, `/exit_logout`, `/leave`, `/restart_session`, `/new_session`
(spec/area2 §2.6).
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.addresses import address_to_go_to
from services.gateway.browser_sessions import Browser
from services.gateway.desk import Desk
from services.gateway.requests import interview_in, session_code
from shared.contracts.base import Sealed
from shared.contracts.session import EndSession
from shared.kernel.ids import new_id


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/leave")
    async def leave(request: Request) -> Response:
        return RedirectResponse(_next(request), status_code=303)

    @routes.get("/exit")
    async def end(request: Request) -> Response:
        interview = interview_in(request.query_params)
        browser = await desk.browsers.find(request.cookies, interview)
        if browser is not None and desk.is_foreign(request):
            return desk.ask_first.page(request, browser, "exit")
        return await _end(request, browser, interview)

    @routes.get("/exit_logout")
    async def end_and_sign_out(request: Request) -> Response:
        interview = interview_in(request.query_params)
        browser = await desk.browsers.find(request.cookies, interview)
        if browser is not None and desk.is_foreign(request):
            return desk.ask_first.page(request, browser, "exit")
        response = await _end(request, browser, interview)
        if browser is not None:
            await desk.browsers.end(browser)
        desk.browsers.clear_cookies(response)
        return response

    @routes.post("/exit")
    async def end_after_asking(request: Request) -> Response:
        _, browser, interview = await desk.posted(request)
        return await _end(request, browser, interview)

    async def _end(request: Request, browser: Browser | None, interview: str) -> Response:
        code = session_code(request.query_params.get("session", "")) or (browser.current_code if browser else None)
        if browser is not None and code is not None:
            await _end_session(request, browser, interview, code, "delete")
            await desk.browsers.forget(browser, interview)
        return RedirectResponse(_next(request), status_code=303)

    @routes.get("/restart_session")
    async def restart(request: Request) -> Response:
        interview = interview_in(request.query_params)
        browser = await desk.browsers.find(request.cookies, interview)
        if browser is not None and desk.is_foreign(request):
            return desk.ask_first.page(request, browser, "restart_session")
        return await _restart(request, browser, interview)

    @routes.post("/restart_session")
    async def restart_after_asking(request: Request) -> Response:
        _, browser, interview = await desk.posted(request)
        return await _restart(request, browser, interview)

    async def _restart(request: Request, browser: Browser | None, interview: str) -> Response:
        """As the button: fresh answers under the same code, opened with what the session was opened with."""
        code = session_code(request.query_params.get("session", "")) or (browser.current_code if browser else None)
        if browser is None or code is None:
            return _again(request, "reset")
        await _end_session(request, browser, interview, code, "restart")
        kept = [(name, value) for name, value in request.query_params.multi_items() if name != "reset"]
        return RedirectResponse(f"/interview?{urlencode(kept)}", status_code=303)

    async def _end_session(
        request: Request, browser: Browser, interview: str, code: str, how: Literal["restart", "delete"]
    ) -> None:
        await desk.sessions.ask(
            EndSession(
                operation_id=new_id(),
                interview=interview,
                session_code=Sealed(code),
                visitor=Sealed(desk.visitor(request, browser)),
                how=how,
            )
        )

    @routes.get("/new_session")
    async def new(request: Request) -> Response:
        return _again(request, "new_session")

    def _next(request: Request) -> str:
        """Where to go: within this site, or where an interview of ours leads; nobody else can use our address to send
        people elsewhere.
        """
        wanted = request.query_params.get("next", "")
        is_local = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
        if is_local:
            return address_to_go_to(wanted, otherwise=desk.settings.exit_page)
        return address_to_go_to(desk.links.unsealed(wanted) or "", otherwise=desk.settings.exit_page)

    def _again(request: Request, how: str) -> Response:
        kept = [(name, value) for name, value in request.query_params.multi_items() if name not in ("reset", how)]
        return RedirectResponse(f"/interview?{urlencode([*kept, (how, '1')])}", status_code=303)

    return routes
