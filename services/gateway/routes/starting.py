"""`/`: the start page; `/start`, `/run` and `/list`: short addresses of interviews (spec/area2 §2.2)."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from services.gateway.account_pages import language_for, menu_of
from services.gateway.desk import Desk
from services.gateway.notices import prefers_json
from shared.contracts.session import InterviewEntry
from shared.kernel.errors import NotFound, Refused

_FULL_PREFIX = "docassemble."


class UnknownShortAddress(NotFound):
    """No interview has this short address; choose one from the list."""


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    door = desk.front_door

    @routes.get("/")
    async def start(request: Request) -> Response:
        if door.root_redirect_url:
            return RedirectResponse(door.root_redirect_url, status_code=303)
        if request.query_params.get("i"):
            return RedirectResponse(f"/interview?{request.url.query}", status_code=303)
        if door.default_interview:
            return _opened(request, door.default_interview)
        return await _listed(request)

    @routes.get("/list")
    async def listed(request: Request) -> Response:
        if door.dispatch_interview:
            return _opened(request, door.dispatch_interview, ("from_list", "1"))
        return await _listed(request)

    async def _short(request: Request, *, is_new: bool) -> Response:
        name = str(request.path_params["package"])
        reference = door.dispatch.get(name)
        if reference is None:
            raise UnknownShortAddress(name)
        return _redirect(request, reference, is_new=is_new)

    async def _long(request: Request, *, is_new: bool) -> Response:
        package, name = str(request.path_params["package"]), str(request.path_params["name"])
        if not name.strip("/"):
            return await _short(request, is_new=is_new)
        return _redirect(request, _reference(package, name), is_new=is_new)

    @routes.get("/start/{package}")
    async def new_by_short_name(request: Request) -> Response:
        return await _short(request, is_new=True)

    @routes.get("/run/{package}")
    async def run_by_short_name(request: Request) -> Response:
        return await _short(request, is_new=False)

    @routes.get("/start/{package}/{name:path}")
    async def new(request: Request) -> Response:
        return await _long(request, is_new=True)

    @routes.get("/run/{package}/{name:path}")
    async def run(request: Request) -> Response:
        return await _long(request, is_new=False)

    async def _listed(request: Request) -> Response:
        browser = await desk.browsers.find(request.cookies)
        login = None if browser is None else browser.login
        interviews = await desk.sessions.interviews("en", ("anonymous",) if login is None else login.account.privileges)
        interviews = _offered(interviews, request.query_params.get("tag", ""))
        if prefers_json(request):
            return JSONResponse({"action": "menu", "interviews": [one.model_dump(mode="json") for one in interviews]})
        return HTMLResponse(
            desk.start.render(interviews, menu_of(browser), language=language_for(request)),
            headers={"cache-control": "no-cache"},
        )

    def _offered(interviews: tuple[InterviewEntry, ...], tag: str) -> tuple[InterviewEntry, ...]:
        """Those that have a short name, in its order, where there are any; else all that were found."""
        if door.dispatch:
            found = {one.reference: one for one in interviews}
            names = dict.fromkeys(door.dispatch.values())
            interviews = tuple(found[name] for name in names if name in found)
        return tuple(one for one in interviews if not tag or tag in one.tags)

    def _opened(request: Request, reference: str, *more: tuple[str, str]) -> Response:
        kept = [pair for pair in request.query_params.multi_items() if pair[0] != "i"]
        return RedirectResponse(f"/interview?{urlencode([('i', reference), *more, *kept])}", status_code=303)

    def _redirect(request: Request, reference: str, *, is_new: bool) -> Response:
        begins = is_new and "session" not in request.query_params
        return _opened(request, reference, *([("new_session", "1")] if begins else []))

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
