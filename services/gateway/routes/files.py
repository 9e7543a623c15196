"""`/static`: our own files; `/packagestatic`: the static files of interview packages."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.desk import Desk
from services.gateway.rendering import STATIC
from services.gateway.static_files import StaticFiles
from shared.kernel.errors import NotFound, Refused

_VERSION = re.compile("[0-9a-f]{12}")
_FOREVER = "public, max-age=31536000, immutable"
_REVALIDATE = "no-cache"
_OURS = frozenset({STATIC / "js", STATIC / "css"})
_SAFE = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".md": "text/plain",
    ".yml": "text/plain",
}
_SANDBOX = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Documents of packages cannot act in our name when they are opened by themselves."""


class NoSuchFile(NotFound):
    """There is no such file."""


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    files = StaticFiles()

    @routes.get("/static/{name:path}")
    async def ours(request: Request, name: str) -> Response:
        version, _, rest = name.partition("/")
        # A page that was opened before an update still asks under the old version.
        path = _inside(STATIC, rest if _VERSION.fullmatch(version) else name)
        caching = _FOREVER if version == desk.static_version else _REVALIDATE
        headers = {"cache-control": caching}
        return await files.answer(request, path, _type_of(path), headers, is_ours=path.parent in _OURS)

    @routes.get("/packagestatic/{package}/{name:path}")
    async def of_package(request: Request, package: str, name: str) -> Response:
        try:
            found = desk.interviews.find(f"{package}:data/static/{name}", section="static")
        except Refused:
            raise NoSuchFile(name) from None
        if found.section != "static":
            raise NoSuchFile(name)
        kind = _type_of(found.path)
        headers = {"cache-control": _REVALIDATE}
        if kind in ("text/html", "image/svg+xml", "application/xhtml+xml", "application/xml", "text/xml"):
            headers["content-security-policy"] = _SANDBOX
        if kind == "application/octet-stream":
            headers["content-disposition"] = "attachment"
        return await files.answer(request, found.path, kind, headers)

    @routes.get("/favicon.ico")
    async def icon() -> Response:
        return RedirectResponse("/static/icon.svg", status_code=301)

    return routes


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file() or path.name.startswith("."):
        raise NoSuchFile(name)
    return path


def _type_of(path: Path) -> str:
    suffix = path.suffix.lower()
    return _SAFE.get(suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
