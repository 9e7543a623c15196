"""What the HTTP API says: JSON, nothing, or a refusal as a JSON string with a status (spec/area2 §11.1)."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response

from shared.kernel.errors import ColloquyError, Malformed, NotAllowed, NotFound


class ApiRefused(ColloquyError):
    """This call cannot be carried out."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.text, self.status = text, status


ACCESS_DENIED = "Access denied."


def said(value: Any, status: int = 200) -> Response:
    """JSON."""
    body = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, status, media_type="application/json")


def nothing() -> Response:
    """Done, and there is nothing to say."""
    return Response(status_code=204)


def refusal(error: ColloquyError) -> tuple[int, str]:
    """Status and text of an error of the rooms behind; others are raised again."""
    match error:
        case ApiRefused():
            return error.status, error.text
        case NotAllowed():
            return 403, ACCESS_DENIED
        case NotFound():
            return 404, str(error)
        case Malformed():
            return 400, str(error)
        case _:
            raise error
