"""The asking side of request and reply, the same for every adapter: what the bytes of a reply mean."""

from __future__ import annotations

from shared.bus.cloudevents import Codec
from shared.bus.port import NotUnderstood, R, RequestRefused
from shared.contracts.session import RefusedRequest


async def reply_in(body: bytes, expected: type[R], codec: Codec) -> R:
    """The reply. Raises RequestRefused when the service said no, NotUnderstood when it said something else."""
    message = (await codec.read(body, is_only_reader=True)).message
    match message:
        case RefusedRequest(error=error, detail=detail, is_retryable=is_retryable):
            raise RequestRefused(error, detail, is_retryable=is_retryable)
        case _ if isinstance(message, expected):
            return message
    raise NotUnderstood(f"Expected {expected.type_name} as the reply, got {message.type_name}.")
