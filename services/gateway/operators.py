"""Who may use what is for operators: whoever brings the token of the settings. Without one there are no such pages."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request

from services.gateway.desk import Desk


def admitting(desk: Desk) -> Callable[[Request], Awaitable[None]]:
    """A dependency of routes. Raises HTTPException 404 and 401, and TooManyRequests."""

    async def admit(request: Request) -> None:
        wanted = desk.settings.operator_token
        if not wanted:
            raise HTTPException(404)
        await desk.admit("post", request)
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), wanted.encode()):
            raise HTTPException(401, headers={"www-authenticate": "Bearer"})

    return admit
