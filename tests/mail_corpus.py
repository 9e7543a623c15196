"""Mail of every kind, made up: all transfer encodings and charsets, nested parts, forwarded mail, broken headers.

The same for the same seed. Each message comes with words that stand in its parts: what was taken apart must have them.
"""

from __future__ import annotations

import base64
import quopri
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random  # noqa: TID251 - the same corpus in every run

CHARSETS = ("us-ascii", "utf-8", "iso-8859-1", "iso-8859-15", "windows-1252", "koi8-r", "shift_jis", "gb2312", "utf-16")
SPOKEN = {
    "us-ascii": "plain",
    "utf-8": "naïve Ω",
    "iso-8859-1": "Grüße",
    "iso-8859-15": "5 €",
    "windows-1252": "“so”",
    "koi8-r": "привет",
    "shift_jis": "こんにちは",
    "gb2312": "你好",
    "utf-16": "Ω",
}
ENCODINGS = ("7bit", "8bit", "binary", "quoted-printable", "base64", "x-unknown", "")
DATES = (
    "Fri, 20 Nov 2026 10:00:00 +0200",
    "20 Nov 2026 10:00 EST",
    "Fri, 32 Nov 2026 25:61:00 +9999",
    "yesterday",
    "",
    "Mon, 01 Jan 0000 00:00:00 +0000",
    "=?utf-8?q?Fri=2C_20_Nov_2026?=",
)
PEOPLE = (
    "Ann <ann@example.org>",
    "ann@example.org, Bob <bob@example.org>",
    "undisclosed-recipients:;",
    '"Lee, Ann" <ann@example.org>',
    "=?iso-8859-1?q?J=FCrgen?= <j@example.org>",
    "Group: ann@example.org, bob@example.org;",
    "<<broken>",
    "",
    "a" * 3000,
)
SUBJECTS = (
    b"Hello",
    b"=?utf-8?b?R3LDvMOfZQ==?=",
    b"=?utf-8?q?broken",
    b"=?no-such-charset?b?////?=",
    "Grüße".encode("latin-1"),
    b"",
    b"long " * 500,
    b"folded\r\n\tlines",
)


@dataclass(frozen=True)
class Sample:
    """A message, and words that its parts hold."""

    raw: bytes
    words: tuple[str, ...]
    is_sound: bool = True
    """Whether it follows the standards well enough for every word to be found."""


def corpus(number: int, seed: int = 1) -> Iterator[Sample]:
    """So many messages."""
    for index in range(number):
        yield sample(Random(f"{seed} {index}"), index)


def sample(chance: Random, index: int) -> Sample:
    """One message."""
    words: list[str] = []
    head = [
        b"Message-ID: <%d.%d@example.org>" % (index, chance.randrange(10**9)),
        b"Subject: " + chance.choice(SUBJECTS),
    ]
    for name in (b"From", b"To", b"Cc", b"Reply-To"):
        if chance.random() < 0.8:
            head.append(name + b": " + chance.choice(PEOPLE).encode())
    if chance.random() < 0.8:
        head.append(b"Date: " + chance.choice(DATES).encode())
    if chance.random() < 0.2:
        head.append(b"X-Raw: \xff\xfe\x80 bytes")
    if chance.random() < 0.1:
        head.append(b"a line that is no header")
    is_sound = b"a line that is no header" not in head
    chance.shuffle(head)
    if not is_sound:
        head.remove(b"a line that is no header")
        head.insert(chance.randrange(1, len(head) + 1), b"a line that is no header")
    body = _part(chance, words, depth=0)
    return Sample(b"\r\n".join(head) + b"\r\n" + body, tuple(words), is_sound)


def _part(chance: Random, words: list[str], *, depth: int) -> bytes:
    """A part with its headers."""
    kind = chance.random()
    if depth < 4 and kind < 0.35:
        boundary = f"b{chance.randrange(10**9)}".encode()
        inside = [_part(chance, words, depth=depth + 1) for _ in range(chance.randrange(1, 4))]
        end = b"" if chance.random() < 0.1 else b"--" + boundary + b"--\r\n"
        subtype = chance.choice((b"mixed", b"alternative", b"related", b"x-own"))
        lines = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in inside)
        return (
            b"Content-Type: multipart/" + subtype + b'; boundary="' + boundary + b'"\r\n\r\npreamble\r\n' + lines + end
        )
    if depth < 4 and kind < 0.45:
        return b"Content-Type: message/rfc822\r\n\r\nSubject: Forwarded\r\n" + _part(chance, words, depth=4)
    if kind < 0.7:
        return _text(chance, words)
    return _file(chance, words)


def _text(chance: Random, words: list[str]) -> bytes:
    charset = chance.choice(CHARSETS)
    word = f"word{chance.randrange(10**9)}"
    words.append(word)
    said = f"{word} {SPOKEN[charset]}\r\n.dots\r\nFrom the start\r\n".encode(charset)
    subtype = chance.choice(("plain", "html", "calendar"))
    named = chance.choice((charset, f'"{charset}"'))
    encoding = chance.choice(ENCODINGS if charset in ("us-ascii",) else ("8bit", "quoted-printable", "base64"))
    if charset == "utf-16":
        encoding = "base64"
    return f"Content-Type: text/{subtype}; charset={named}\r\n".encode() + _encoded(said, encoding)


def _file(chance: Random, words: list[str]) -> bytes:
    word = f"word{chance.randrange(10**9)}"
    words.append(word)
    name = chance.choice(("a.pdf", "no ending", "../../../etc/passwd", "päper.txt", "x" * 300 + ".bin", "", "a\tb.txt"))
    contents = word.encode() + b"\x00\xff" + chance.randbytes(chance.randrange(0, 3000))
    disposition = f'Content-Disposition: attachment; filename="{name}"\r\n' if chance.random() < 0.8 else ""
    kind = chance.choice(("application/pdf", "image/png", "application/octet-stream", "no/such/type", "text"))
    return f"Content-Type: {kind}\r\n{disposition}".encode() + _encoded(contents, "base64")


def _encoded(contents: bytes, encoding: str) -> bytes:
    head = f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode() if encoding else b"\r\n"
    match encoding:
        case "base64":
            return head + base64.encodebytes(contents).replace(b"\n", b"\r\n")
        case "quoted-printable":
            return head + quopri.encodestring(contents.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
        case _:
            return head + contents


def damaged(raw: bytes, chance: Random) -> bytes:
    """The same with bytes changed, cut out, and doubled."""
    changed = bytearray(raw)
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(changed) + 1) if changed else 0
        match chance.randrange(4):
            case 0:
                changed[at : at + 1] = chance.randbytes(1)
            case 1:
                del changed[at : at + chance.randrange(1, 60)]
            case 2:
                changed[at:at] = changed[at : at + chance.randrange(1, 60)]
            case _:
                changed[at:at] = chance.choice((b"\r\n", b"\n", b"--", b"\x00", b"=?utf-8?b?", b": ", b'boundary="'))
    return bytes(changed)
