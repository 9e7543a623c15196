"""The text of a mail as it comes in, up to the line of one dot that ends it (RFC 5321 §4.1.1.4, §4.5.2).

Taken as it comes from the network and not line by line: a large mail is a third of a million lines. Only CR LF ends a
line here, so that nobody smuggles a second mail in behind a bare line feed.
"""

from __future__ import annotations

_END = b"\r\n.\r\n"
_STUFFED = b"\r\n."


class MailText:
    """Takes one mail in."""

    def __init__(self, *, most_bytes: int) -> None:
        self._most = most_bytes
        self._held = bytearray(b"\r\n")  # the end of the line before the first
        self.is_too_much = False
        """Whether it was larger than `most_bytes`: then nothing of it is kept, but its end is still looked for."""

    def feed(self, data: bytes) -> bytes | None:
        """Take what has come; gives what came behind the end, and None as long as the end has not come."""
        held = self._held
        begin = max(0, len(held) - len(_END) + 1)
        held += data
        at = held.find(_END, begin)
        size = len(held) - len(_END) + 1 if at < 0 else at  # what may be its end is none of it
        if size > self._most:
            self.is_too_much = True
        if at < 0:
            if self.is_too_much:
                del held[: -len(_END)]
            return None
        rest = bytes(memoryview(held)[at + len(_END) :])
        del held[at + 2 :]
        return rest

    def whole(self) -> bytes:
        """The mail, once it has come; to be asked for once. Empty for one that is too large."""
        held, self._held = self._held, bytearray()
        if self.is_too_much:
            return b""
        if _STUFFED in held:
            held = held.replace(_STUFFED, b"\r\n")
        return bytes(memoryview(held)[2:])
