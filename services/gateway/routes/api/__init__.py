"""`/api`: the HTTP API (spec/area2 §11). Each file has its endpoints in a table at its end; api_door.py lets in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.api_calls import Endpoint
from services.gateway.api_document import document, page
from services.gateway.api_door import ApiDoor, preflight
from services.gateway.desk import Desk
from services.gateway.routes.api import actions, documents, events, files, keys, links, lists, sessions, stash, users

ENDPOINTS: tuple[Endpoint, ...] = (
    *sessions.ENDPOINTS,
    *lists.ENDPOINTS,
    *links.ENDPOINTS,
    *files.ENDPOINTS,
    *documents.ENDPOINTS,
    *stash.ENDPOINTS,
    *users.ENDPOINTS,
    *keys.ENDPOINTS,
    *actions.ENDPOINTS,
    *events.ENDPOINTS,
)


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    if not desk.settings.api:
        return routes
    door = ApiDoor(desk)
    paths: dict[str, list[Endpoint]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, []).append(endpoint)
    for path, endpoints in paths.items():
        for endpoint in endpoints:
            routes.add_route(path, _through(door, endpoint), methods=[endpoint.method])
        routes.add_route(path, preflight, methods=["OPTIONS"])

    async def openapi(_: Request) -> Response:
        return document(ENDPOINTS)

    async def docs(_: Request) -> Response:
        return page(ENDPOINTS, desk.templates)

    routes.add_route("/api/openapi.json", openapi, methods=["GET"])
    routes.add_route("/api/docs", docs, methods=["GET"])
    return routes


def _through(door: ApiDoor, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await door.answer(endpoint, request)

    return answer
