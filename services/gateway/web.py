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
from services.gateway.notices import of_error
from services.gateway.peers import AllowedHosts
from services.gateway.routes import check_in, files, interview, leaving, live, operations, starting, uploaded
from services.gateway.security import BodyLimit, Door, SecurityHeaders
from services.gateway.timing import Timing
from shared.kernel.errors import ColloquyError

log = structlog.get_logger()

_ROUTES = (interview, check_in, live, starting, leaving, files, uploaded, operations)


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

    app.add_exception_handler(ColloquyError, answer_error)
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
        pause_seconds=given.receive_seconds,
    )
    hosts = AllowedHosts(given.allowed_hosts.split(","), public_url=given.public_url, listens_on=given.host)
    guarded = Door(limited, hosts=hosts, most_at_once=given.max_requests_at_once, refuse=refuse)
    secured = SecurityHeaders(guarded, is_secure=given.is_secure)
    return Timing(secured, metrics=desk.metrics)
