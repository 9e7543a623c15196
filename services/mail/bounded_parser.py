"""The parser of the standard library, which ends at what no mail has.

It looks at every line once for each part that the line lies in, and keeps several objects for every part and header:
a mail of 25 MB made for that would keep a processor busy for minutes, and take gigabytes. parsing.py says what becomes
of a mail that is not read to its end.
"""

from __future__ import annotations

from email import policy
from email.message import Message
from email.parser import BytesFeedParser
from typing import Any

from shared.kernel.errors import Malformed

DEEPEST_OF_ALL = 40
MOST_PARTS_OF_ALL = 1000
MOST_HEADERS_OF_ALL, MOST_HEADER_LETTERS = 10_000, 2_000_000
"""With all that is in mails within the mail."""
MOST_LINES = 2_000_000
_FED_BYTES = 64 * 1024


class NotUnderstood(Malformed):
    """This mail cannot be taken apart:"""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Counted(Message):
    """A part, or the mail itself."""

    def __init__(self, size: _Size) -> None:
        super().__init__(policy=policy.compat32)
        self._size, self._depth = size, 0

    def set_raw(self, name: str, value: str) -> None:
        """The parser has found a header. Raises NotUnderstood."""
        self._size.headers += 1
        self._size.header_letters += len(value)
        if self._size.headers > MOST_HEADERS_OF_ALL or self._size.header_letters > MOST_HEADER_LETTERS:
            raise NotUnderstood("too_many_headers")
        super().set_raw(name, value)

    def attach(self, payload: Any) -> None:
        """The parser has found the beginning of a part. Raises NotUnderstood."""
        assert isinstance(payload, _Counted)
        payload._depth = self._depth + 1
        if payload._depth > DEEPEST_OF_ALL:
            raise NotUnderstood("nested_too_deep")
        super().attach(payload)


class _Size:
    """How much of a mail was found so far."""

    def __init__(self) -> None:
        self.parts = self.headers = self.header_letters = 0

    def another(self, *, policy: object = None) -> _Counted:
        """A part, as the parser asks for it. Raises NotUnderstood."""
        self.parts += 1
        if self.parts > MOST_PARTS_OF_ALL:
            raise NotUnderstood("too_many_parts")
        return _Counted(self)


def message_of(raw: bytes) -> Message:
    """As `email.message_from_bytes`, which holds a mail as text of four bytes a letter meanwhile. Raises NotUnderstood
    for `too_many_lines`, `too_many_parts`, `too_many_headers` and `nested_too_deep`.
    """
    if raw.count(b"\n") + raw.count(b"\r") - raw.count(b"\r\n") > MOST_LINES:
        raise NotUnderstood("too_many_lines")
    size = _Size()
    parser: BytesFeedParser[Any] = BytesFeedParser(size.another, policy=policy.compat32)
    size.parts = 0  # it has tried how a part is made
    for begin in range(0, len(raw), _FED_BYTES):
        parser.feed(raw[begin : begin + _FED_BYTES])
    found: Message = parser.close()
    return found
