"""Messages as frames: the library that reads what brokers send must find in them what was put in."""

from __future__ import annotations

from typing import Any

import pytest
from pamqp import frame as frames
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from shared.bus.amqp_frames import published


def parts_of(data: bytes) -> list[tuple[int, Any]]:
    """Channel and content of each frame, as pamqp reads them."""
    found = []
    while data:
        size, channel, part = frames.unmarshal(data)
        found.append((channel, part))
        data = data[size:]
    return found


def message(body: bytes = b"{}", **given: Any) -> bytes:
    usual: dict[str, Any] = {
        "exchange": "colloquy.commands",
        "key": "session.interactive",
        "content_type": "application/cloudevents+json",
        "message_id": "m-1",
        "is_persistent": False,
        "correlation_id": None,
        "reply_to": None,
        "expiration": None,
        "largest_part": 1000,
    }
    return published(3, body, **{**usual, **given})


def test_a_request_arrives_with_all_its_properties() -> None:
    sent = message(b"hello", correlation_id="c-1", reply_to="amq.rabbitmq.reply-to", expiration="30000")
    (_, method), (_, header), (channel, body) = parts_of(sent)
    assert isinstance(method, Basic.Publish)
    assert (method.exchange, method.routing_key) == ("colloquy.commands", "session.interactive")
    assert (method.mandatory, method.immediate) == (False, False)
    assert isinstance(header, ContentHeader)
    told = header.properties
    assert (told.content_type, told.message_id) == ("application/cloudevents+json", "m-1")
    assert (told.correlation_id, told.reply_to, told.expiration) == ("c-1", "amq.rabbitmq.reply-to", "30000")
    assert (told.delivery_mode, told.headers, header.body_size) == (1, None, 5)
    assert isinstance(body, ContentBody)
    assert (channel, body.value) == (3, b"hello")


def test_what_is_not_given_is_not_said() -> None:
    told = parts_of(message(is_persistent=True))[1][1].properties
    assert (told.delivery_mode, told.correlation_id, told.reply_to, told.expiration) == (2, None, None, None)


@pytest.mark.parametrize(("size", "count"), [(0, 0), (1, 1), (1000, 1), (1001, 2), (2500, 3)])
def test_a_large_body_goes_in_parts_that_are_the_whole(size: int, count: int) -> None:
    body = bytes(number % 251 for number in range(size))
    _, (_, header), *rest = parts_of(message(body))
    assert header.body_size == size
    assert len(rest) == count
    assert b"".join(part.value for _, part in rest) == body


def test_names_may_hold_any_letters_but_not_too_many() -> None:
    assert parts_of(message(key="schlüssel"))[0][1].routing_key == "schlüssel"
    with pytest.raises(ValueError, match="255"):
        message(key="k" * 256)
