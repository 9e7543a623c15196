"""`/texts/status/<id>`: where Twilio tells what has become of a text message. Every report must carry its signature."""

from __future__ import annotations

import re

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.desk import Desk
from services.gateway.forms import read_form
from shared.mailbox.texts import status_url

_MOST_FIELDS = 100
_STATUS = re.compile(r"[a-z_]{1,30}")


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.post("/texts/status/{message_id}")
    async def status(request: Request, message_id: str) -> Response:
        await desk.admit("post", request)
        texts = desk.texts
        if texts is None or not texts.callback_url:
            return Response(status_code=404)
        form = await read_form(request, max_fields=_MOST_FIELDS)
        told = {one.name: one.value for one in form.inputs}
        signature = request.headers.get("x-twilio-signature", "")
        if not texts.is_signed(status_url(texts.callback_url, message_id), told, signature):
            return Response(status_code=403)
        said = told.get("MessageStatus", "")
        if _STATUS.fullmatch(said):
            await desk.deliveries.note(message_id, said)
        return Response(status_code=204)

    return routes
