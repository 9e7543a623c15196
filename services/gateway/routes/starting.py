"""`/`: the start page; `/start`, `/run` and `/list`: short addresses of interviews (spec/area2 §2.2)."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from services.gateway.desk import Desk
from services.gateway.notices import prefers_json
from shared.kernel.errors import NotFound, Refused

_FULL_PREFIX = "docassemble."


class UnknownShortAddress(NotFound):
    """No interview has this short address; choose one from the list."""


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/")
    async def start(request: Request) -> Response:
        if request.query_params.get("i"):
            return RedirectResponse(f"/interview?{request.url.query}", status_code=303)
        return await _listed(request)

    @routes.get("/list")
    async def listed(request: Request) -> Response:
        return await _listed(request)

    @routes.get("/start/{package}/{name:path}")
    async def new(request: Request, package: str, name: str) -> Response:
        return _redirect(request, package, name, is_new=True)

    @routes.get("/run/{package}/{name:path}")
    async def run(request: Request, package: str, name: str) -> Response:
        return _redirect(request, package, name, is_new=False)

    async def _listed(request: Request) -> Response:
        interviews = await desk.sessions.interviews("en")
        if prefers_json(request):
            return JSONResponse({"action": "menu", "interviews": [one.model_dump(mode="json") for one in interviews]})
        return HTMLResponse(desk.start.render(interviews), headers={"cache-control": "no-cache"})

    def _redirect(request: Request, package: str, name: str, *, is_new: bool) -> Response:
        query = [("i", _reference(package, name)), *request.query_params.multi_items()]
        if is_new and "session" not in request.query_params:
            query.append(("new_session", "1"))
        return RedirectResponse(f"/interview?{urlencode(query)}", status_code=303)

    def _reference(package: str, name: str) -> str:
        """The interview of a package by its short name, with or without the common prefix of packages."""
        name = name.strip("/").removesuffix(".yml")
        for candidate in (package, _FULL_PREFIX + package):
            try:
                return desk.interviews.find(f"{candidate}:data/questions/{name}.yml").reference
            except Refused:
                continue
        raise UnknownShortAddress(f"{package}/{name}")

    return routes
