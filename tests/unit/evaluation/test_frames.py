"""The format of the pipe, from both sides."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.evaluation.frames import (
    SAID_BY_CHILD,
    SAID_BY_SERVER,
    BadFrame,
    Frame,
    FrameLimits,
    FrameReader,
    FrameTooLarge,
    Kind,
    encode,
)

LIMITS = FrameLimits(body_bytes=1000, parts_bytes=200_000, parts=4, name_length=20)


def header(kind: int, body: int = 0, table: int = 0, parts: int = 0) -> bytes:
    return struct.pack("!BBIIQ", kind, 0, body, table, parts)


@given(
    body=st.binary(max_size=100),
    parts=st.dictionaries(st.text(max_size=20), st.binary(max_size=100), max_size=4),
    is_last=st.booleans(),
    cuts=st.lists(st.integers(1, 50), max_size=20),
)
def test_a_frame_arrives_as_it_was_sent_however_it_is_cut(
    body: bytes, parts: dict[str, bytes], is_last: bool, cuts: list[int]
) -> None:
    sent = Frame(Kind.RESULT, body, parts, is_last)
    data = b"".join(encode(sent, LIMITS)) * 2
    reader = FrameReader(LIMITS, SAID_BY_CHILD)
    received = []
    for cut in cuts:
        received += reader.feed(data[:cut])
        data = data[cut:]
    received += reader.feed(data)
    assert received == [sent, sent]


def test_a_large_part_crosses_in_pieces() -> None:
    sent = Frame(Kind.RESULT, b"{}", {"answers": bytes(200_000)})
    pieces = encode(sent, LIMITS)
    assert len(pieces) > 1
    reader = FrameReader(LIMITS, SAID_BY_CHILD)
    assert [frame for piece in pieces for frame in reader.feed(piece)] == [sent]


@pytest.mark.parametrize(
    "frame",
    [
        Frame(Kind.RESULT, bytes(1001)),
        Frame(Kind.RESULT, b"", {"a": bytes(200_001)}),
        Frame(Kind.RESULT, b"", {str(number): b"" for number in range(5)}),
        Frame(Kind.RESULT, b"", {"n" * 21: b""}),
    ],
)
def test_a_frame_over_a_limit_is_not_sent(frame: Frame) -> None:
    with pytest.raises(FrameTooLarge):
        encode(frame, LIMITS)


@pytest.mark.parametrize(
    "head",
    [
        header(Kind.RESULT, body=1001),
        header(Kind.RESULT, parts=200_001),
        header(Kind.RESULT, table=10_000_000),
        header(Kind.RESULT, parts=2**63),
    ],
)
def test_a_frame_over_a_limit_is_refused_by_its_header_alone(head: bytes) -> None:
    with pytest.raises(FrameTooLarge):
        list(FrameReader(LIMITS, SAID_BY_CHILD).feed(head))


@pytest.mark.parametrize("kind", [0, 99, 255, Kind.RUN, Kind.ANSWER])
def test_an_interview_process_cannot_say_what_only_the_server_says(kind: int) -> None:
    with pytest.raises(BadFrame):
        list(FrameReader(LIMITS, SAID_BY_CHILD).feed(header(kind)))


def test_the_two_sides_have_no_words_in_common() -> None:
    assert not SAID_BY_CHILD & SAID_BY_SERVER
    assert set(Kind) == SAID_BY_CHILD | SAID_BY_SERVER


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        (b"", b"x"),
        (b"not json", b""),
        (b"[" * 50, b""),
        (b"{}", b""),
        (b'[["a"]]', b""),
        (b'[["a", -1]]', b""),
        (b'[["a", "1"]]', b""),
        (b'[["a", 5]]', b"1234"),
        (b'[["a", 3]]', b"1234"),
        (b'[["a", 2], ["a", 2]]', b"1234"),
        (b'[["aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 4]]', b"1234"),
        (b'[["a",0],["b",0],["c",0],["d",0],["e",0]]', b""),
    ],
)
def test_a_table_that_does_not_fit_its_parts_is_refused(table: bytes, parts: bytes) -> None:
    data = header(Kind.RESULT, table=len(table), parts=len(parts)) + table + parts
    with pytest.raises(BadFrame):
        list(FrameReader(LIMITS, SAID_BY_CHILD).feed(data))
