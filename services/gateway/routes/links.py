"""`/goto`, `/launch`: short addresses that an interview gave out for some time, or for one visit (spec/area2 §6.3)."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.addresses import address_to_go_to
from services.gateway.desk import Desk
from services.gateway.requests import RESERVED
from shared.stores.links import LinkExpired

LOOKS_ONLY = re.compile(
    r"bot\b|crawl|spider|slurp|facebookexternalhit|whatsapp|telegram|skypeuripreview|preview|unfurl|embedly",
    re.IGNORECASE,
)
"""Programs that look at every address they meet, e.g. in a chat: they must not use up a link that works once."""


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    async def follow(request: Request) -> Response:
        await desk.admit("open", request)
        if request.method == "HEAD" or LOOKS_ONLY.search(request.headers.get("user-agent", "")):
            return Response(headers={"cache-control": "no-store"})
        code = request.query_params.get("c", "")
        if not code:
            raise LinkExpired
        url = await desk.links.follow(code)
        if request.url.path == "/launch":
            url = _with_arguments(url, [pair for pair in request.query_params.multi_items() if pair[0] != "c"])
        headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
        return RedirectResponse(address_to_go_to(url, otherwise="/"), status_code=302, headers=headers)

    for path in ("/goto", "/launch"):
        routes.add_route(path, follow, methods=["GET", "HEAD"])
    return routes


def _with_arguments(url: str, given: list[tuple[str, str]]) -> str:
    """The address of an interview with further arguments; which interview and session it is stays as it was."""
    more = dict(pair for pair in reversed(given) if pair[0] not in RESERVED)
    if not more:
        return url
    parts = urlsplit(url)
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in more]
    return urlunsplit(parts._replace(query=urlencode([*kept, *more.items()])))
