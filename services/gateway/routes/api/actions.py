"""`/api/actions`: ask for an action as other services do over the broker (DESIGN §4): recorded, run once, in order."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from starlette.responses import Response

from services.gateway.api_answers import ACCESS_DENIED, ApiRefused, said
from services.gateway.api_calls import Call, Endpoint, Parameter
from shared.contracts.base import Sealed
from shared.contracts.events import ActionRequested
from shared.contracts.session import ActionTaken, TakeAction

_LONGEST_ID = 200
_LONGEST_WAIT_SECONDS = 30
_STATUS = {"pending": 202, "done": 200, "failed": 200, "missing": 404, "refused": 403}


async def ask(call: Call) -> Response:
    """Record a request; run it after those that came before."""
    publisher = call.key.publisher
    if not publisher:
        raise ApiRefused(ACCESS_DENIED, 403)
    if call.key.permissions and "publish_actions" not in call.key.permissions:
        raise ApiRefused(ACCESS_DENIED, 403)
    request_id = call.needed("id", "An id is needed: the same twice is one request.")
    if len(request_id) > _LONGEST_ID:
        raise ApiRefused(f"An id has {_LONGEST_ID} letters at most.")
    if call.text("specversion") not in ("", "1.0") or call.text("type") not in ("", ActionRequested.type_name):
        raise ApiRefused(f"It is not a CloudEvent of the type {ActionRequested.type_name}.")
    data: dict[str, Any] = call.structure(
        "data", dict, {}, malformed="Malformed data.", wrong="data must be an object."
    )
    try:
        asked = ActionRequested.model_validate(data)
    except ValidationError as error:
        place = str(error.errors()[0]["loc"][0]) if error.errors()[0]["loc"] else "data"
        raise ApiRefused(f"{place} is missing or not what it should be.") from None
    taken = await call.desk.sessions.request(
        TakeAction(
            publisher=publisher,
            request_id=request_id,
            asked=Sealed(asked),
            wait_seconds=call.number("wait", 0, "wait is a number of seconds.", low=0, high=_LONGEST_WAIT_SECONDS),
        ),
        ActionTaken,
    )
    told = {"status": taken.status, "detail": taken.detail, "sequence": taken.sequence, "repeated": taken.is_repeated}
    return said(told, _STATUS[taken.status])


ENDPOINTS = (
    Endpoint(
        "POST",
        "/api/actions",
        "Ask for an action as another service",
        ask,
        (
            Parameter("id", "What makes two requests the same: the second has no effect.", is_required=True),
            Parameter("data", "`{interview, session, action, arguments}`", "object", is_required=True),
            Parameter("wait", "So many seconds to wait for its end, 30 at most.", "number"),
        ),
        answers={
            200: "It has ended: `{status: done|failed, detail, sequence, repeated}`.",
            202: "It is recorded and will be run: `status: pending`.",
        },
        tag="actions",
    ),
)
