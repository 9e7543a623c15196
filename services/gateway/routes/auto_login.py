"""`/user/autologin`: come in by a link that signs in once (spec/area2 §6.5)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.desk import Desk
from services.gateway.entering import enter, local_address
from services.gateway.routes.links import LOOKS_ONLY


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    async def come_in(request: Request) -> Response:
        await desk.admit("post", request)
        if request.method == "HEAD" or LOOKS_ONLY.search(request.headers.get("user-agent", "")):
            return Response(headers={"cache-control": "no-store"})
        opened = await desk.sign_in_links.use(request.query_params.get("key", ""))
        browser = await desk.browsers.find_or_begin(request.cookies)
        response = await enter(desk, request, browser, opened.account, opened.key, go_on=local_address(opened.go_on))
        response.headers["cache-control"] = "no-store"
        response.headers["referrer-policy"] = "no-referrer"
        return response

    routes.add_route("/user/autologin", come_in, methods=["GET", "HEAD"])
    return routes
