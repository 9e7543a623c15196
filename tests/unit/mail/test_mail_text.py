"""A mail comes in pieces of any size, and what comes behind it is the next command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mail.mail_text import MailText

_LINES = st.lists(st.sampled_from([b"", b".", b"..", b".words", b"words", b"\n.\n", b"\r", b"\r."]), max_size=8)


def sent(pieces: list[bytes], *, most_bytes: int = 1000) -> tuple[MailText, bytes]:
    text = MailText(most_bytes=most_bytes)
    for number, piece in enumerate(pieces):
        rest = text.feed(piece)
        if rest is not None:
            return text, rest + b"".join(pieces[number + 1 :])
    raise AssertionError("It has not ended.")


@given(
    lines=_LINES, cuts=st.lists(st.integers(1, 5), max_size=30), behind=st.sampled_from([b"", b"QUIT\r\n", b".\r\n"])
)
def test_it_is_the_same_however_it_is_cut(lines: list[bytes], cuts: list[int], behind: bytes) -> None:
    mail = b"".join(line + b"\r\n" for line in lines)
    stuffed = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in mail.split(b"\r\n")[:-1])
    stream, pieces = stuffed + b".\r\n" + behind, []
    for cut in cuts:
        pieces.append(stream[:cut])
        stream = stream[cut:]
    text, rest = sent([*pieces, stream])
    assert (text.whole(), rest) == (mail, behind)


@pytest.mark.parametrize("end", [b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r"])
def test_nothing_else_ends_it(end: bytes) -> None:
    text, rest = sent([b"Subject: One" + end + b"MAIL FROM:<x@example.org>\r\n", b".\r\n"])
    assert text.whole() == b"Subject: One" + end.replace(b"\r\n.", b"\r\n") + b"MAIL FROM:<x@example.org>\r\n"
    assert rest == b""


@pytest.mark.parametrize(("size", "is_too_much"), [(10, False), (11, True), (5000, True)])
def test_what_is_too_large_is_not_held_and_ends_all_the_same(size: int, is_too_much: bool) -> None:
    mail = b"x" * (size - 2) + b"\r\n"
    text, rest = sent([bytes([one]) for one in mail + b".\r\nQUIT\r\n"], most_bytes=10)
    assert (text.is_too_much, rest) == (is_too_much, b"QUIT\r\n")
    assert text.whole() == (b"" if is_too_much else mail)
