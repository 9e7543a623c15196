"""The HTTP application: routes, the order of what stands before them, and one place where errors become answers."""

from __future__ import annotations

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp

from services.gateway.desk import Desk
from services.gateway.entering import SignInNeeded, to_sign_in
from services.gateway.notices import NEEDS_SIGN_IN, of_error, prefers_json
from services.gateway.peers import AllowedHosts
from services.gateway.routes import (
    administration,
    answers,
    api,
    api_keys,
    auto_login,
    check_in,
    console,
    console_session,
    console_waiting,
    cron,
    elsewhere,
    files,
    interview,
    leaving,
    links,
    live,
    mail,
    my_sessions,
    operations,
    passwords,
    profile,
    register,
    reminders,
    runs,
    sign_in,
    starting,
    tasks,
    texts,
    uploaded,
    uploaded_pages,
)
from services.gateway.security import BodyLimit, Door, SecurityHeaders, with_origins
from services.gateway.timing import Timing
from shared.kernel.errors import ColloquyError

log = structlog.get_logger()

_ROUTES = (
    interview,
    check_in,
    live,
    starting,
    leaving,
    files,
    uploaded,
    uploaded_pages,
    links,
    reminders,
    mail,
    answers,
    tasks,
    cron,
    texts,
    api,
    api_keys,
    operations,
    sign_in,
    auto_login,
    register,
    passwords,
    profile,
    my_sessions,
    administration,
    runs,
    console,
    console_session,
    console_waiting,
    elsewhere,
)


def application(desk: Desk) -> ASGIApp:
    """The ASGI application of the gateway."""
    app = FastAPI(title="Colloquy", docs_url=None, redoc_url=None, openapi_url=None)
    for module in _ROUTES:
        app.include_router(module.router(desk))

    async def answer_error(request: Request, error: Exception) -> Response:
        notice = of_error(error)
        if notice.status >= 500:
            log.warning("gateway.refused", path=request.url.path, status=notice.status, error=type(error).__name__)
        return desk.notices.answer(request, notice)

    async def answer_bug(request: Request, error: Exception) -> Response:
        log.error("gateway.failed", path=request.url.path, error=type(error).__name__, exc_info=error)
        return desk.notices.answer(request, of_error(error))

    async def answer_stranger(request: Request, error: Exception) -> Response:
        if prefers_json(request):
            return desk.notices.answer(request, NEEDS_SIGN_IN)
        return to_sign_in(request)

    app.add_exception_handler(ColloquyError, answer_error)
    app.add_exception_handler(SignInNeeded, answer_stranger)
    app.add_exception_handler(HTTPException, answer_error)
    app.add_exception_handler(RequestValidationError, answer_error)
    app.add_exception_handler(Exception, answer_bug)

    given = desk.settings

    def refuse(connection: HTTPConnection, error: ColloquyError) -> Response:
        return desk.notices.answer(connection, of_error(error))

    limited = BodyLimit(
        app,
        max_bytes=given.max_body_bytes,
        max_file_bytes=given.max_file_bytes,
        max_bytes_at={"/checkin": min(given.max_check_in_bytes, given.max_body_bytes)},
        pause_seconds=given.receive_seconds,
    )
    hosts = AllowedHosts(given.allowed_hosts.split(","), public_url=given.public_url, listens_on=given.host)
    guarded = Door(limited, hosts=hosts, most_at_once=given.max_requests_at_once, refuse=refuse)
    shared = with_origins(guarded, given.origins)
    secured = SecurityHeaders(shared, is_secure=given.is_secure)
    return Timing(secured, metrics=desk.metrics)
