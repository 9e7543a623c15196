"""`/texts/status/<id>`: where Twilio tells what has become of a text message. `/texts/incoming`: where it hands over
what comes for our numbers. Every request must carry its signature, which covers address and form. Those that do not are
counted as posts of their network, and no others: Twilio sends from few networks, and does not come again after a 429.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.desk import Desk
from services.gateway.forms import read_form
from shared.contracts.base import Sealed
from shared.contracts.mail import TakeText, TextTaken
from shared.mailbox.texts import incoming_url, status_url

_MOST_FIELDS = 100
_MOST_MEDIA = 10
_LONGEST_TEXT = 20_000
_MESSAGE_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_NUMBER = re.compile(r"(?:whatsapp:)?\+[0-9]{4,15}")
_STOP = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
_START = frozenset({"start", "unstop", "yes"})
"""The words on which Twilio itself writes to a number no more, or again, in English. Whoever has set it to others tells
which of them it was (`OptOutType`)."""
_NOTHING = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
_STATUS = re.compile(r"[a-z_]{1,30}")


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    async def refused(request: Request, status_code: int) -> Response:
        """Raises TooManyRequests."""
        await desk.admit("post", request)
        return Response(status_code=status_code)

    @routes.post("/texts/status/{message_id}")
    async def status(request: Request, message_id: str) -> Response:
        texts = desk.texts
        if texts is None or not texts.callback_url:
            return await refused(request, 404)
        form = await read_form(request, max_fields=_MOST_FIELDS)
        told = {one.name: one.value for one in form.inputs}
        signature = request.headers.get("x-twilio-signature", "")
        if not texts.is_signed(status_url(texts.callback_url, message_id), told, signature):
            return await refused(request, 403)
        said = told.get("MessageStatus", "")
        if _STATUS.fullmatch(said):
            await desk.deliveries.note(message_id, said)
        return Response(status_code=204)

    @routes.post("/texts/incoming")
    async def incoming(request: Request) -> Response:
        texts = desk.texts
        if texts is None or not desk.settings.twilio_incoming or not texts.callback_url:
            return await refused(request, 404)
        form = await read_form(request, max_fields=_MOST_FIELDS)
        told = {one.name: one.value for one in form.inputs}
        signature = request.headers.get("x-twilio-signature", "")
        if not texts.is_signed(incoming_url(texts.callback_url), told, signature):
            return await refused(request, 403)
        message = _text(told)
        if message is not None and texts.takes(told["AccountSid"], told["To"]):
            taken = await desk.sessions.request(message, TextTaken)
            if taken.outcome == "later":
                return Response(status_code=503)
        return Response(_NOTHING, media_type="text/xml")

    return routes


def _text(told: Mapping[str, str]) -> TakeText | None:
    """What has come; None for what is no text message from a number, or has nothing in it."""
    message_id, theirs, ours = (told.get(name, "") for name in ("MessageSid", "From", "To"))
    text = told.get("Body", "")
    media = [
        (told[f"MediaUrl{number}"], told.get(f"MediaContentType{number}", "")[:200])
        for number in range(_MOST_MEDIA)
        if told.get(f"MediaUrl{number}", "").startswith(("https://", "http://"))
    ]
    is_message = _MESSAGE_ID.fullmatch(message_id) and _NUMBER.fullmatch(theirs) and _NUMBER.fullmatch(ours)
    if not is_message or len(text) > _LONGEST_TEXT or not (text.strip() or media):
        return None
    return TakeText(
        message_id=message_id,
        ours=Sealed(ours),
        theirs=Sealed(theirs),
        text=Sealed(text),
        media=Sealed(tuple(media)),
        said=_said(text, told.get("OptOutType", "")),
    )


def _said(text: str, named: str) -> Literal["", "stop", "start"]:
    word = (named or text).strip().rstrip(".!").casefold()
    return "stop" if word in _STOP else "start" if word in _START else ""
