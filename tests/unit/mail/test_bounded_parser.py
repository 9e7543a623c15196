"""The parser of mail: what it makes of mail is what the standard library makes of it, and it ends in time."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest

from services.mail.bounded_parser import (
    DEEPEST_OF_ALL,
    MOST_HEADER_LETTERS,
    MOST_HEADERS_OF_ALL,
    MOST_LINES,
    MOST_PARTS_OF_ALL,
    NotUnderstood,
    message_of,
)
from services.mail.parsing import parsed
from tests.mail_corpus import corpus

FORWARDED = b"Subject: x\r\nContent-Type: message/rfc822\r\n\r\n"


def nested(depth: int) -> bytes:
    """Parts within parts."""
    heads = (f'Content-Type: multipart/mixed; boundary="b{number}"\r\n\r\n--b{number}\r\n' for number in range(depth))
    return "".join(heads).encode() + b"\r\nText\r\n"


def in_parts(number: int) -> bytes:
    return b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * number + b"--b--\r\n"


def test_mail_is_what_the_standard_library_makes_of_it() -> None:
    for sample in corpus(100, 7):
        expected = message_from_bytes(sample.raw, policy=policy.compat32)
        assert message_of(sample.raw).as_bytes() == expected.as_bytes()


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (nested(DEEPEST_OF_ALL + 1), "nested_too_deep"),
        (FORWARDED * (DEEPEST_OF_ALL + 1) + b"Subject: x\r\n\r\nText\r\n", "nested_too_deep"),
        (in_parts(MOST_PARTS_OF_ALL), "too_many_parts"),
        (FORWARDED + in_parts(MOST_PARTS_OF_ALL), "too_many_parts"),
        (b"A: b\r\n" * (MOST_HEADERS_OF_ALL + 1) + b"\r\nText\r\n", "too_many_headers"),
        (FORWARDED + b"A: b\r\n" * MOST_HEADERS_OF_ALL + b"\r\nText\r\n", "too_many_headers"),
        ((b"To: " + b"a@b," * 25_000 + b"\r\n") * 21 + b"\r\nText\r\n", "too_many_headers"),
        (FORWARDED + b"To: " + b"x" * MOST_HEADER_LETTERS + b"\r\n\r\nText\r\n", "too_many_headers"),
        (b"Subject: x\r\n\r\n" + b"\n" * MOST_LINES, "too_many_lines"),
        (b"Subject: x\r\n\r\n" + b"\r" * MOST_LINES, "too_many_lines"),
    ],
)
def test_what_no_mail_has_is_not_read_to_its_end(raw: bytes, reason: str) -> None:
    with pytest.raises(NotUnderstood, match=reason):
        message_of(raw)
    mail = parsed(raw)
    assert mail.reason == reason
    assert [one.filename for one in mail.parts] == ["headers.json", "message.eml"]
    assert mail.parts[1].contents == raw


@pytest.mark.parametrize(
    "raw",
    [
        nested(DEEPEST_OF_ALL),
        FORWARDED * DEEPEST_OF_ALL + b"Subject: x\r\n\r\nText\r\n",
        in_parts(MOST_PARTS_OF_ALL - 1),
        b"A: b\r\n" * MOST_HEADERS_OF_ALL + b"\r\nText\r\n",
        b"A: " + b"b" * (MOST_HEADER_LETTERS - 2) + b"\r\n\r\nText\r\n",
        b"\r\n" * MOST_LINES,
    ],
)
def test_what_a_mail_may_have_is_read_to_its_end(raw: bytes) -> None:
    message_of(raw)


def test_a_mail_in_many_parts_within_a_mail_is_one_file() -> None:
    mail = parsed(FORWARDED + in_parts(150))
    assert mail.reason == ""
    assert [(one.role, one.filename) for one in mail.parts] == [
        ("headers", "headers.json"),
        ("attachment", "attachment-1.eml"),
    ]
