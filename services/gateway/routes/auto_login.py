"""`/user/autologin`: come in by a link that signs in once (spec/area2 §6.5).

Whoever has a link to an account of their own could make somebody follow it, and would then read what that browser has
answered before. So a browser with answers and without an account is asked first, unless one of our pages led here.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.browser_sessions import Browser
from services.gateway.desk import Desk
from services.gateway.entering import enter, local_address
from services.gateway.peers import is_from_here
from services.gateway.routes.links import LOOKS_ONLY


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    async def come_in(request: Request) -> Response:
        await desk.admit("post", request)
        if request.method == "HEAD" or LOOKS_ONLY.search(request.headers.get("user-agent", "")):
            return Response(headers={"cache-control": "no-store"})
        browser = await desk.browsers.find_or_begin(request.cookies)
        if browser.is_stored and browser.login is None and not is_from_here(request, desk.settings.public_url):
            return desk.ask_first.page(request, browser, "user/autologin")
        return await _come_in(request, browser)

    async def come_in_after_asking(request: Request) -> Response:
        _, browser, _ = await desk.posted(request)
        return await _come_in(request, browser)

    async def _come_in(request: Request, browser: Browser) -> Response:
        opened = await desk.sign_in_links.use(request.query_params.get("key", ""))
        response = await enter(desk, request, browser, opened.account, opened.key, go_on=local_address(opened.go_on))
        response.headers["cache-control"] = "no-store"
        response.headers["referrer-policy"] = "no-referrer"
        return response

    routes.add_route("/user/autologin", come_in, methods=["GET", "HEAD"])
    routes.add_route("/user/autologin", come_in_after_asking, methods=["POST"])
    return routes
