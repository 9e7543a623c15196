"""`/api/file/<number>`: a file of a session, for who may see it (spec/area2 §11.5)."""

from __future__ import annotations

from pathlib import PurePath

from starlette.responses import Response

from services.gateway.api_answers import ApiRefused
from services.gateway.api_calls import Call, Endpoint, Parameter
from services.gateway.routes.files import NoSuchFile
from services.gateway.routes.uploaded import given_out
from shared.contracts.base import Sealed
from shared.contracts.session import OpenFile

_MISSING = "File not found"
_LARGEST_NUMBER = 2**63 - 1


async def file(call: Call) -> Response:
    """Its contents, under its kind."""
    number = int(call.request.path_params["number"])
    if not 0 < number <= _LARGEST_NUMBER:
        raise ApiRefused(_MISSING, 404)
    sessions: tuple[tuple[str, str], ...] = ()
    if call.text("i") and call.text("session"):
        sessions = ((call.interview(), call.text("session")),)
    reply = await call.desk.sessions.file(
        OpenFile(number=number, visitor=Sealed(await call.visitor(call.text("secret"))), sessions=Sealed(sessions))
    )
    if reply.ticket is None or not _is_meant(call, reply.ticket.value.filename):
        raise ApiRefused(_MISSING, 404)
    try:
        return await given_out(call.desk, call.request, reply.ticket.value)
    except NoSuchFile:
        raise ApiRefused(_MISSING, 404) from None


def _is_meant(call: Call, filename: str) -> bool:
    """Whether this is the file by its name, or by what it ends in, if the caller says either."""
    extension, wanted = call.text("extension").removeprefix(".").lower(), call.text("filename")
    return wanted in ("", filename) and extension in ("", PurePath(filename).suffix.removeprefix(".").lower())


ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/file/{number:int}",
        "A file of a session",
        file,
        (
            Parameter("i", "The interview of its session, if that is shared."),
            Parameter("session", "Its session."),
            Parameter("secret", "What opens its session."),
            Parameter("extension", "Only if its name ends in this, like `pdf`."),
            Parameter("filename", "Only if this is its name."),
        ),
        answers={200: "The file."},
        tag="files",
    ),
)
