"""For operators: `/health/live`, `/health/ready`, `/health_check`, `/health_status`, `/metrics`.

And `/dark_mode`, for other colours.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from services.gateway.desk import Desk
from services.gateway.peers import is_near
from shared.kernel.health import readiness
from shared.kernel.release import RELEASE
from shared.kernel.telemetry import CONTENT_TYPE

_THEME_SECONDS = 365 * 24 * 3600


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    started_at = desk.clock.now().isoformat(timespec="seconds")

    async def is_ready(request: Request) -> bool:
        """Whether nothing is missing; True if `ready` is not asked for."""
        return not request.query_params.get("ready") or (await readiness(desk.services()))[0] == 200

    @routes.get("/health/live")
    async def live() -> Response:
        return JSONResponse({"live": True})

    @routes.get("/health/ready")
    async def ready() -> Response:
        status, report = await readiness(desk.services())
        return JSONResponse(report, status_code=status, headers={"cache-control": "no-store"})

    @routes.get("/health_check")
    async def check(request: Request) -> Response:
        """As docassemble answers load balancers (spec/area3 §8.5): OK; 400 to `?ready=1` while something is missing."""
        status = 200 if await is_ready(request) else 400
        text = "OK" if status == 200 else "Not ready. /health/ready says what is missing."
        return PlainTextResponse(text, status_code=status, headers={"cache-control": "no-store"})

    @routes.get("/health_status")
    async def status(request: Request) -> Response:
        """The same as JSON, always 200: `ok` is false to `?ready=1` while something is missing (spec/area3 §8.5).

        `server_start_time` is when this gateway was made, ISO 8601 in UTC; `version` our release.
        """
        report = {"ok": await is_ready(request), "server_start_time": started_at, "version": RELEASE}
        return JSONResponse(report, headers={"cache-control": "no-store"})

    @routes.get("/metrics")
    async def metrics(request: Request) -> Response:
        who = desk.settings.metrics_for
        if who == "nobody" or (who == "private" and not is_near(request)):
            raise HTTPException(404)
        return PlainTextResponse(desk.metrics.render(), media_type=CONTENT_TYPE)

    @routes.get("/dark_mode")
    async def dark(request: Request) -> Response:
        return _theme(request, "dark")

    @routes.get("/light_mode")
    async def light(request: Request) -> Response:
        return _theme(request, "light")

    return routes


def _theme(request: Request, theme: str) -> Response:
    back = request.headers.get("referer", "")
    is_ours = back.startswith(f"{request.url.scheme}://{request.url.netloc}/")
    response = RedirectResponse(back if is_ours else "/", status_code=303)
    response.set_cookie("colloquy_theme", theme, max_age=_THEME_SECONDS, samesite="lax")
    return response
