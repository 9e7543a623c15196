"""`/answer`: what an action ended in instead of a screen, when a script had asked for it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.desk import Desk
from services.gateway.parked import AnswerGone
from services.gateway.turns import Asked, raw


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    async def show(request: Request) -> Response:
        browser = await desk.browsers.find(request.cookies)
        if browser is None:
            raise AnswerGone
        answer = await desk.parked.find(browser, request.query_params.get("c", ""))
        return await raw(desk, Asked(request, browser, interview=""), answer)

    routes.add_route("/answer", show, methods=["GET"])
    return routes
