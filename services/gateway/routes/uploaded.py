"""`/uploadedfile`: files of sessions, for who may open them; `/tempfile`: by an address that opens one for some time.

What a file holds came from anybody: it never runs in our name. Only kinds that browsers show without running anything
are shown at all, in a sandbox; the rest is downloaded.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.gateway.desk import Desk
from services.gateway.routes.files import NoSuchFile
from shared.contracts.base import Sealed
from shared.contracts.session import FileTicket, OpenFile
from shared.crypto.aead import SealBroken
from shared.files.contents import StoredContents
from shared.files.links import open_link
from shared.files.port import ContentsMissing

_SHOWN = frozenset(
    {
        "application/pdf", "image/bmp", "image/gif", "image/jpeg", "image/png", "image/tiff", "image/webp",
        "text/csv", "text/markdown", "text/plain",
    }
)  # fmt: skip
_PDF = "application/pdf"
_SANDBOX = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'"
_FOR_PDF = "default-src 'none'; object-src 'self'; img-src 'self' data:; style-src 'unsafe-inline'"
"""Browsers do not show PDF in a sandbox; their viewers run nothing of it in our name."""
_RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")
_LARGEST_NUMBER = 2**63 - 1


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    async def of_session(request: Request) -> Response:
        return await given_out(desk, request, await ticket_of(desk, request))

    async def by_link(request: Request) -> Response:
        opened = open_link(request.path_params["link"], sealer=desk.file_links, now=desk.clock.now())
        contents = opened.file.contents
        ticket = FileTicket(
            filename=opened.file.filename,
            mimetype=opened.file.mimetype,
            location=contents.location,
            key_base64=base64.b64encode(contents.key).decode(),
            size_bytes=contents.size_bytes,
        )
        return await given_out(desk, request, ticket, is_attachment=opened.is_attachment)

    for root in ("uploadedfile", "uploadedfiledownload"):
        for rest in ("", ".{ending}", "/{name}"):
            routes.add_route(f"/{root}/{{number:int}}{rest}", of_session, methods=["GET", "HEAD"])
    for root in ("tempfile", "tempfiledownload"):
        for rest in ("", "/{name}"):
            routes.add_route(f"/{root}/{{link}}{rest}", by_link, methods=["GET", "HEAD"])
    return routes


async def ticket_of(desk: Desk, request: Request) -> FileTicket:
    """The file whose number is in the path, if the visitor may open it. Raises NoSuchFile."""
    number = int(request.path_params["number"])
    browser = await desk.browsers.find(request.cookies)
    if browser is None or not 0 < number <= _LARGEST_NUMBER:
        raise NoSuchFile
    reply = await desk.sessions.file(
        OpenFile(
            number=number,
            visitor=Sealed(desk.visitor(request, browser)),
            sessions=Sealed(await desk.browsers.sessions(browser)),
        )
    )
    if reply.ticket is None:
        raise NoSuchFile
    return reply.ticket.value


async def given_out(desk: Desk, request: Request, ticket: FileTicket, *, is_attachment: bool = False) -> Response:
    """The file as a response, or the part of it that was asked for."""
    is_attachment = (
        is_attachment
        or request.url.path.startswith(("/uploadedfiledownload/", "/tempfiledownload/"))
        or request.query_params.get("attachment", "0") not in ("", "0")
        or not (ticket.mimetype in _SHOWN or ticket.mimetype.startswith(("audio/", "video/")))
    )
    headers = {
        "cache-control": "private, no-store",
        "content-security-policy": _FOR_PDF if ticket.mimetype == _PDF else _SANDBOX,
        "content-disposition": _disposition(ticket.filename, is_attachment=is_attachment),
        "cross-origin-resource-policy": "same-site",
        "accept-ranges": "bytes",
    }
    size = ticket.size_bytes
    part = _part_asked(request.headers.get("range", ""), size)
    if part == (0, 0) and size:
        return Response(status_code=416, headers={**headers, "content-range": f"bytes */{size}"})
    start, end = part or (0, size)
    if part is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    headers["content-length"] = str(end - start)
    kind = f"{ticket.mimetype}; charset=utf-8" if ticket.mimetype.startswith("text/") else ticket.mimetype
    contents = StoredContents(ticket.location, base64.b64decode(ticket.key_base64), size)
    body = desk.files.contents.parts(contents, start=start, end=end)
    try:
        first = await anext(body, b"")
    except (ContentsMissing, SealBroken):
        raise NoSuchFile from None
    status = 200 if part is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, media_type=kind, headers=headers)
    return StreamingResponse(_all(first, body), status_code=status, media_type=kind, headers=headers)


async def _all(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part


def _part_asked(header: str, size: int) -> tuple[int, int] | None:
    """(start, end) of a range (RFC 9110 §14.2); None for all of it, (0, 0) for one that is not there."""
    asked = _RANGE.match(header.strip())
    if asked is None or asked.groups() == ("", ""):
        return None
    first, last = asked.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
    return (start, end) if start < end else (0, 0)


def _disposition(filename: str, *, is_attachment: bool) -> str:
    """RFC 6266: the name in plain letters for old programs, and as it is for others."""
    plain = filename.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_")
    kind = "attachment" if is_attachment else "inline"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
