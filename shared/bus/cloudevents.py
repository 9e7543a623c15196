"""Envelopes as CloudEvents 1.0 in structured JSON (`application/cloudevents+json`), and back.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md. Attributes of ours are the
extensions `correlationid`, `dedupkey`, `expirytime` and `traceparent`. A body over the limit goes to the blob store,
sealed and bound to the message's id; what travels is the same event with `dataref` in place of `data` (the claim-check
extension of the same specification).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from shared.bus.port import BODY_LIMIT_BYTES, BlobMissing, BlobStore, MessageTooLarge, NotUnderstood, Packed
from shared.contracts.base import Command, Event, Message, Sealer
from shared.contracts.envelope import Envelope
from shared.kernel.errors import Retryable

CONTENT_TYPE = "application/cloudevents+json"

_OPTIONAL = (
    ("subject", "subject"),
    ("correlationid", "correlation_id"),
    ("traceparent", "traceparent"),
    ("dedupkey", "dedup_key"),
    ("expirytime", "expires"),
)


class Codec:
    """Turns envelopes into bytes and back, for one process.

    `types` are the messages it knows by type name, `sealer` closes and opens sealed fields, `blobs` keeps bodies over
    `limit` bytes.
    """

    def __init__(
        self,
        *,
        types: Mapping[str, type[Message]],
        sealer: Sealer,
        blobs: BlobStore | None = None,
        limit: int = BODY_LIMIT_BYTES,
    ) -> None:
        self._types = types
        self._sealer = sealer
        self._blobs = blobs
        self._limit = limit

    def encode(self, envelope: Envelope) -> bytes:
        """The whole event, of any size."""
        message = envelope.message
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": envelope.id,
            "source": f"colloquy/{envelope.source}",
            "type": message.type_name,
            "time": envelope.time,
            "datacontenttype": "application/json",
        }
        for attribute, field in _OPTIONAL:
            value = getattr(envelope, field)
            if value:
                event[attribute] = value
        data = message.__pydantic_serializer__.to_json(message, context=self._context(message.type_name, envelope.id))
        event["data"] = orjson.Fragment(data)
        return orjson.dumps(event)

    def pack(self, envelope: Envelope) -> Packed:
        """The event with where it goes. Raises TypeError for a message that has no destination."""
        match envelope.message:
            case Command() as command if command.queue:
                destination, is_event = command.queue, False
            case Event() as event if event.topic:
                destination, is_event = event.topic, True
            case message:
                raise TypeError(f"{message.type_name} has neither a queue nor a topic")
        return Packed(
            id=envelope.id,
            type=envelope.message.type_name,
            destination=destination,
            is_event=is_event,
            body=self.encode(envelope),
            subject=envelope.subject,
        )

    async def fit(self, body: bytes) -> bytes:
        """The body itself, or when it is over the limit a small one that refers to it. Raises MessageTooLarge."""
        if len(body) <= self._limit:
            return body
        event = orjson.loads(body)
        if self._blobs is None:
            raise MessageTooLarge(event["type"], len(body), self._limit)
        del event["data"]
        event["dataref"] = await self._blobs.put(self._sealer.seal(body, purpose=_purpose(event["id"])))
        return orjson.dumps(event)

    async def read(self, body: bytes, *, is_only_reader: bool = False, may_be_elsewhere: bool = True) -> Envelope:
        """Parse an event, fetching its body where it is kept apart; an only reader deletes it there.

        Of other services' events nothing is kept apart: without `may_be_elsewhere` none is fetched.

        Raises NotUnderstood with a reason that quotes no contents, or Retryable when the blob store does not answer.
        """
        event = _loads(body)
        reference = event.get("dataref")
        if reference is not None:
            if not may_be_elsewhere:
                raise NotUnderstood("Its data must be in it.")
            event = _loads(await self._fetch(event, reference))
            if is_only_reader and self._blobs is not None:
                await self._blobs.delete(reference)
        return self._parse(event)

    async def whole(self, body: bytes) -> bytes:
        """The event with its data, also when they are kept apart. Raises as `read` does."""
        event = _loads(body)
        reference = event.get("dataref")
        return body if reference is None else await self._fetch(event, reference)

    async def _fetch(self, event: dict[str, Any], reference: Any) -> bytes:
        if self._blobs is None or not isinstance(reference, str):
            raise NotUnderstood("Its body is kept apart, and this process has no store for large bodies.")
        try:
            sealed = await self._blobs.get(reference)
        except BlobMissing as error:
            raise NotUnderstood(str(error)) from None
        try:
            return self._sealer.open(sealed, purpose=_purpose(str(event.get("id"))))
        except Exception as error:  # the sealer's errors are those of another room
            raise NotUnderstood(f"Its body could not be opened ({type(error).__name__}).") from None

    def _parse(self, event: dict[str, Any]) -> Envelope:
        if event.get("specversion") != "1.0":
            raise NotUnderstood("It is not a CloudEvent of version 1.0.")
        attributes = {}
        for attribute in ("id", "source", "type"):
            value = event.get(attribute)
            if not isinstance(value, str) or not value:
                raise NotUnderstood(f"Its attribute {attribute!r} is missing.")
            attributes[attribute] = value
        known = self._types.get(attributes["type"])
        if known is None:
            raise NotUnderstood(f"Nothing here is called {attributes['type'][:100]!r}.")
        message = self._validate(known, event.get("data"), attributes["id"])
        return Envelope(
            message=message,
            id=attributes["id"],
            source=attributes["source"].removeprefix("colloquy/"),
            time=_text(event, "time"),
            subject=_text(event, "subject"),
            correlation_id=_text(event, "correlationid"),
            traceparent=_text(event, "traceparent"),
            dedup_key=_text(event, "dedupkey"),
            expires=_text(event, "expirytime"),
        )

    def _context(self, type_name: str, message_id: str) -> dict[str, Any]:
        """For sealed fields: they belong to this message, and open in no other."""
        return {"sealer": self._sealer, "about": f"{type_name} {message_id}"}

    def _validate(self, known: type[Message], data: Any, message_id: str) -> Message:
        try:
            return known.model_validate(data, context=self._context(known.type_name, message_id))
        except ValidationError as error:
            problems = error.errors(include_input=False, include_context=False, include_url=False)
            raise NotUnderstood(
                f"{known.type_name}: {'; '.join(_describe(problem) for problem in problems)}."
            ) from None
        except Retryable:
            raise
        except Exception as error:  # the sealer's errors are those of another room
            raise NotUnderstood(f"{known.type_name} could not be opened ({type(error).__name__}).") from None


def peek(body: bytes) -> tuple[str, str, str]:
    """Type, id and subject of an event that need not parse otherwise; empty where they cannot be read."""
    try:
        event = _loads(body)
    except NotUnderstood:
        return "", "", ""
    return _text(event, "type")[:200], _text(event, "id")[:200], _text(event, "subject")[:200]


def _loads(body: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise NotUnderstood("It is not JSON.") from None
    if not isinstance(event, dict):
        raise NotUnderstood("It is not a JSON object.")
    return event


def _text(event: dict[str, Any], attribute: str) -> str:
    value = event.get(attribute, "")
    return value if isinstance(value, str) else ""


def _describe(problem: Any) -> str:
    """Which field and what is wrong with it; deeper places are left out, they may name keys that somebody typed."""
    place = str(problem["loc"][0]) if problem["loc"] else "the data"
    return f"{place} ({problem['type']})"


def _purpose(message_id: str) -> str:
    return f"body of {message_id}"
