"""Bodies of forms: read as browsers write them, and refused where they are more than a page sends."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from starlette.requests import Request
from starlette.types import Message

from services.gateway.forms import FormUnreadable, Posted, read_form

URL_ENCODED = "application/x-www-form-urlencoded"


async def read(body: bytes, *, kind: str = URL_ENCODED, max_fields: int = 10) -> Posted:
    """The form of a request whose body comes in two pieces."""
    middle = len(body) // 2
    pieces = [(body[:middle], True), (body[middle:], False)]

    async def receive() -> Message:
        piece, has_more = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": has_more}

    headers = [(b"content-type", kind.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    return await read_form(Request(scope, receive), max_fields=max_fields)


def inputs(posted: Posted) -> list[tuple[str, str]]:
    return [(one.name, one.value) for one in posted.inputs]


async def test_names_and_values_come_back_as_they_were_typed() -> None:
    typed = [("a b", "c+d"), ("größe", "50 % & mehr;=ja"), ("empty", ""), ("lines", "one\r\ntwo"), ("a b", "again")]
    assert inputs(await read(urlencode(typed).encode(), kind=f"{URL_ENCODED}; charset=UTF-8")) == typed


async def test_what_no_browser_writes_is_read_as_far_as_it_goes() -> None:
    assert inputs(await read(b"&&a=1&flag&=x&b=2=3&")) == [("a", "1"), ("flag", ""), ("", "x"), ("b", "2=3")]
    assert inputs(await read(b"a=%zz&b=%ff&c=\xe4")) == [("a", "%zz"), ("b", "\ufffd"), ("c", "ä")]
    assert await read(b"") == Posted()


async def test_control_fields_are_told_from_inputs() -> None:
    posted = await read(b"csrf_token=t&ajax=1&name=Ana")
    assert (posted.get("csrf_token"), posted.wants_json, inputs(posted)) == ("t", True, [("name", "Ana")])


@pytest.mark.parametrize("body", [b"&".join(b"a=1" for _ in range(11)), b"&" * 11])
async def test_more_fields_than_a_page_may_have_are_refused(body: bytes) -> None:
    with pytest.raises(FormUnreadable, match="more than 10 fields"):
        await read(body)


async def test_a_field_of_more_than_a_mebibyte_is_refused() -> None:
    with pytest.raises(FormUnreadable, match="1024 KiB"):
        await read(b"a=" + b"x" * 1024 * 1024)


async def test_a_body_that_is_no_form_has_no_fields() -> None:
    assert await read(b'{"a": 1}', kind="application/json") == Posted()
