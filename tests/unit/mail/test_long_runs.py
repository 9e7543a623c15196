"""A mail without its long runs of base64 is the same mail, in less memory."""

from __future__ import annotations

import base64
import tracemalloc
from random import Random  # noqa: TID251 - the same mail in every run

import pytest

from services.mail import long_runs, parsing
from services.mail.parsing import parsed
from tests.mail_corpus import corpus, damaged

RUN = base64.encodebytes(Random(3).randbytes(3000)).replace(b"\n", b"\r\n")
HEAD = b"Subject: Runs\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"


def mail(kind: bytes, encoding: bytes, body: bytes) -> bytes:
    return HEAD.replace(b"{kind}", kind).replace(b"{encoding}", encoding) + body


def both(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken apart as it is, and with every run of a few bytes taken out: the same."""
    expected = parsed(raw)
    with monkeypatch.context() as patch:
        patch.setattr(parsing, "shortened", lambda given: long_runs.shortened(given, long_bytes=16))
        found = parsed(raw)
    assert (found.contents, found.parts, found.reason) == (expected.contents, expected.parts, expected.reason)


@pytest.mark.parametrize("encoding", [b"base64", b"BASE64", b"7bit", b"quoted-printable", b"x-uuencode", b"none"])
@pytest.mark.parametrize("kind", [b"application/pdf", b"text/plain", b"message/rfc822", b"multipart/mixed; boundary=b"])
@pytest.mark.parametrize(
    "body",
    [
        RUN,
        RUN.removesuffix(b"\r\n"),
        RUN + b"\r\n\r\n" + RUN,
        b"\r\n\r\n" + RUN,
        RUN + b"and words = here\r\n\r\n" + RUN,
        RUN[:-8] + b"\r\n",
        RUN + b"--b\r\n\r\n" + RUN + b"--b--\r\n\r\n" + RUN,
        b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + RUN + b"\r\n--b--\r\n",
        b"=\r\n" * 20,
    ],
)
def test_whatever_stands_around_it(kind: bytes, encoding: bytes, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    both(mail(kind, encoding, body), monkeypatch)


def test_a_charset_that_is_none_beside_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"--b\r\nContent-Type: text/plain; charset=utf\x008\r\nContent-Transfer-Encoding: base64\r\n\r\n\xf6\r\n"
    file = b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + RUN + b"\r\n--b--\r\n"
    raw = mail(b"multipart/mixed; boundary=b", b"7bit", text + file)
    both(raw, monkeypatch)
    assert parsed(raw).reason == ""


@pytest.mark.parametrize("seed", range(3))
def test_mail_of_every_kind_also_damaged(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = Random(seed)
    for sample in corpus(100, seed=seed):
        both(sample.raw, monkeypatch)
        both(damaged(sample.raw, chance), monkeypatch)


def test_a_large_file_takes_little_more_memory_than_itself() -> None:
    contents = bytes(6 * 2**20)
    body = base64.encodebytes(contents).replace(b"\n", b"\r\n")
    raw = mail(b"application/octet-stream", b"base64", body)
    tracemalloc.start()
    try:
        found = parsed(raw)
        _, highest = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.parts[1].contents == contents
    assert highest < 1.5 * len(contents)
