"""One message as the frames AMQP 0-9-1 publishes it in: the method, the header, the body. Pure; amqp.py sends them.

The client library makes an object of every frame and asks each of its fields how it is written: half of what sending
costs. Ours have few properties and no headers, and are written in one go (AMQP 0-9-1 §2.3.5, §4.2.3, §4.2.6, and the
class `basic` of its specification). What has headers, or wants a confirm, goes by the library.
"""

from __future__ import annotations

import struct

_METHOD, _HEADER, _BODY, _END = 1, 2, 3, b"\xce"
_FRAME = struct.Struct("!BHI")
_PUBLISH = struct.Struct("!HHH")
_CONTENT = struct.Struct("!HHQH")
_BASIC, _PUBLISHING = 60, 40
_CONTENT_TYPE, _DELIVERY_MODE, _CORRELATION_ID = 1 << 15, 1 << 12, 1 << 10
_REPLY_TO, _EXPIRATION, _MESSAGE_ID = 1 << 9, 1 << 8, 1 << 7
_LONGEST_TEXT = 255
_PERSISTENT, _TRANSIENT = b"\x02", b"\x01"


def published(
    channel: int,
    body: bytes,
    *,
    exchange: str,
    key: str,
    content_type: str,
    message_id: str,
    is_persistent: bool,
    correlation_id: str | None,
    reply_to: str | None,
    expiration: str | None,
    largest_part: int,
) -> bytes:
    """The bytes that publish one message; a body over `largest_part` bytes goes in parts, `expiration` is milliseconds.

    Raises ValueError for names that are too long for the protocol.
    """
    method = b"".join((_PUBLISH.pack(_BASIC, _PUBLISHING, 0), _text(exchange), _text(key), b"\x00"))
    flags, values = _CONTENT_TYPE | _DELIVERY_MODE | _MESSAGE_ID, [_text(content_type)]
    values.append(_PERSISTENT if is_persistent else _TRANSIENT)
    for flag, value in ((_CORRELATION_ID, correlation_id), (_REPLY_TO, reply_to), (_EXPIRATION, expiration)):
        if value is not None:
            flags |= flag
            values.append(_text(value))
    header = b"".join((_CONTENT.pack(_BASIC, 0, len(body), flags), *values, _text(message_id)))
    frames = [_FRAME.pack(_METHOD, channel, len(method)), method, _END]
    frames += [_FRAME.pack(_HEADER, channel, len(header)), header, _END]
    for start in range(0, len(body), largest_part):
        part = body[start : start + largest_part]
        frames += [_FRAME.pack(_BODY, channel, len(part)), part, _END]
    return b"".join(frames)


def _text(value: str) -> bytes:
    encoded = value.encode()
    if len(encoded) > _LONGEST_TEXT:
        raise ValueError("a name of AMQP has 255 bytes at most")
    return bytes((len(encoded),)) + encoded
