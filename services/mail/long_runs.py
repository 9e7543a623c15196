"""The long base64 of a mail, taken out before the parser sees it: that makes an object of every line, several times.

Between a blank line and the next byte that base64 has not there is no boundary (its line begins with `--`) and no
header (it has a colon): so what stands there says nothing about how a mail is made. A word takes its place, and the
mail that is left is taken apart as ever. It counts only where every run turns out to be one whole part.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from email.message import Message

from shared.kernel.ids import new_code

LONG_BYTES = 256 * 1024
"""What is shorter stays where it is."""
_BLANK = re.compile(rb"\n\r?\n")
_OTHER = re.compile(rb"[^A-Za-z0-9+/=\r\n]")
_GOES_ON = re.compile(rb"=[^=]")
"""Base64 after its end: whether that counts is for the standard library to say."""
_ENDS = b"\r\n"


@dataclass(frozen=True, slots=True)
class Shortened:
    """A mail without its long runs."""

    raw: bytes = field(repr=False)
    runs: Sequence[memoryview] = field(repr=False)
    word: str = ""
    """What stands for a run: this, its number, and `@`."""

    def contents_of(self, leaves: Iterable[Message]) -> dict[int, bytes] | None:
        """What the runs are, decoded, by their place among the parts; None unless each of them is a part of its own
        that says that it is base64: then the whole mail has to be taken apart.
        """
        if not self.runs:
            return {}
        found: dict[int, bytes] = {}
        for place, part in enumerate(leaves):
            contents = self._decoded(part)
            if contents is not None:
                found[place] = contents
        return found if len(found) == len(self.runs) else None

    def _decoded(self, part: Message) -> bytes | None:
        if str(part.get("content-transfer-encoding", "")).lower() != "base64":
            return None
        try:
            payload = part.get_payload()
        except ValueError:  # a charset whose name is none
            return None
        if not isinstance(payload, str):
            return None
        number = self._number(payload.strip("\r\n"))
        if number is None or _GOES_ON.search(self.runs[number]):
            return None
        try:
            return binascii.a2b_base64(self.runs[number])
        except binascii.Error:
            return None

    def _number(self, text: str) -> int | None:
        inside = text.removeprefix(self.word).removesuffix("@")
        return int(inside) if self.word and text == f"{self.word}{inside}@" and inside.isdecimal() else None


def shortened(raw: bytes, *, long_bytes: int = LONG_BYTES) -> Shortened:
    """A mail with a word in the place of each long run of base64."""
    if len(raw) < long_bytes:
        return Shortened(raw, ())
    word = f"@{new_code(32)}."
    whole = memoryview(raw)
    pieces: list[bytes | memoryview] = []
    runs: list[memoryview] = []
    kept = at = 0
    while (blank := _BLANK.search(raw, at)) is not None:
        begin = at = blank.end() - 1
        while begin < len(raw) and raw[begin] in _ENDS:
            begin += 1
        other = _OTHER.search(raw, begin)
        end = len(raw) if other is None else other.start()
        end = max(begin, raw.rfind(b"\n", begin, end))
        while end > begin and raw[end - 1] in _ENDS:
            end -= 1
        if end - begin >= long_bytes:
            pieces += (whole[kept:begin], f"{word}{len(runs)}@".encode())
            runs.append(whole[begin:end])
            kept = end
        at = max(at, end)
    pieces.append(whole[kept:])
    return Shortened(b"".join(pieces), runs, word) if runs else Shortened(raw, ())
