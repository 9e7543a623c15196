"""`/uploadedpage/<number>/<page>`: a page of a file as a picture, for who may open the file (spec/area2 §5.1).

The picture is made anew each time, by a process that serves nothing else: what is in a file came from anybody.
"""

from __future__ import annotations

import base64

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.desk import Desk
from services.gateway.routes.files import NoSuchFile
from services.gateway.routes.uploaded import ticket_of
from shared.contracts.base import Sealed
from shared.contracts.file_work import WorkedOnFile, WorkOnFile

_WIDTHS = {"uploadedpage": 1400, "uploadedpagescreen": 700}
"""In pixels: to read it, and as a small picture."""
_LAST_PAGE = 100_000


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    async def page(request: Request) -> Response:
        root = request.url.path.split("/")[1]
        number = int(request.path_params["page"])
        if not 1 <= number <= _LAST_PAGE:
            raise NoSuchFile
        await desk.admit("post", request)
        ticket = await ticket_of(desk, request)
        width = _WIDTHS[root.replace("download", "")]
        asked = WorkOnFile(file=Sealed(ticket), task="page", page=number, width=width)
        done = await desk.sessions.request(asked, WorkedOnFile)
        if done.problem.value:
            raise NoSuchFile
        kind = "attachment" if "download" in root else "inline"
        headers = {
            "cache-control": "private, no-store",
            "content-security-policy": "sandbox; default-src 'none'",
            "content-disposition": f'{kind}; filename="page{number}.png"',
            "cross-origin-resource-policy": "same-site",
        }
        return Response(base64.b64decode(done.made.value), media_type="image/png", headers=headers)

    for root in ("uploadedpage", "uploadedpagescreen", "uploadedpagedownload", "uploadedpagescreendownload"):
        routes.add_route(f"/{root}/{{number:int}}/{{page:int}}", page, methods=["GET"])
    return routes
