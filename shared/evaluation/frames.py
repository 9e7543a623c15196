"""The pipe between the server and an interview process: frames of one JSON text and named binary parts.

A frame is a fixed header, the JSON body, a JSON table `[[name, length], …]`, then the parts one after the other.
Reading is done by a parser without I/O, so that both sides check the same limits before they keep a single byte more.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from shared.kernel.errors import ColloquyError

_HEADER = struct.Struct("!BBIIQ")
_READ_BYTES = 256 * 1024
_JOIN_BYTES = 64 * 1024


class BadFrame(ColloquyError):
    """What came through the pipe is not a frame."""


class FrameTooLarge(ColloquyError):
    """This is more than the pipe between the server and an interview may carry."""


class Kind(IntEnum):
    """What a frame says. The first group is said by the server, the second by interview processes."""

    RUN = 1
    DESCRIBE = 2
    LINT = 3
    ANSWER = 4
    REFUSED = 5
    SIMPLIFY = 6
    WORK = 7
    NAMES = 8

    READY = 16
    RESULT = 17
    REPORT = 18
    CALL = 19
    FAILED = 20


SAID_BY_SERVER = frozenset(
    {Kind.RUN, Kind.DESCRIBE, Kind.LINT, Kind.ANSWER, Kind.REFUSED, Kind.SIMPLIFY, Kind.WORK, Kind.NAMES}
)
SAID_BY_CHILD = frozenset({Kind.READY, Kind.RESULT, Kind.REPORT, Kind.CALL, Kind.FAILED})


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """How much one frame may carry, in bytes and parts."""

    body_bytes: int = 16 * 1024 * 1024
    parts_bytes: int = 128 * 1024 * 1024
    parts: int = 1024
    name_length: int = 200


@dataclass(frozen=True, slots=True)
class Frame:
    """One thing said on the pipe."""

    kind: Kind
    body: bytes = b""
    parts: Mapping[str, bytes] = field(default_factory=dict)
    is_last: bool = False
    """Said by an interview process that wants to be replaced after this answer."""


def encode(frame: Frame, limits: FrameLimits) -> list[bytes]:
    """The bytes of a frame in pieces. Raises FrameTooLarge."""
    table = json.dumps([[name, len(part)] for name, part in frame.parts.items()]).encode() if frame.parts else b""
    size = sum(map(len, frame.parts.values()))
    if len(frame.body) > limits.body_bytes or size > limits.parts_bytes or len(frame.parts) > limits.parts:
        raise FrameTooLarge(
            f"{len(frame.body) + size} bytes in {len(frame.parts)} parts; "
            f"allowed are {limits.body_bytes} for the text and {limits.parts_bytes} in {limits.parts} parts."
        )
    if any(len(name) > limits.name_length for name in frame.parts):
        raise FrameTooLarge("The name of a part is too long.")
    head = _HEADER.pack(frame.kind, frame.is_last, len(frame.body), len(table), size)
    if size < _JOIN_BYTES:
        return [b"".join((head, frame.body, table, *frame.parts.values()))]
    return [head + frame.body + table, *frame.parts.values()]


class FrameReader:
    """Turns bytes as they arrive into frames; refuses what breaks the limits as soon as its header is there."""

    def __init__(self, limits: FrameLimits, said: frozenset[Kind]) -> None:
        self._limits, self._said = limits, said
        self._buffer = bytearray()
        self._needed = _HEADER.size

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[Frame]:
        """Take bytes in, give out the frames that are complete. Raises BadFrame, FrameTooLarge."""
        self._buffer += data
        while len(self._buffer) >= self._needed:
            kind, is_last, body, table, size = self._header()
            self._needed = _HEADER.size + body + table + size
            if len(self._buffer) < self._needed:
                return
            whole = memoryview(self._buffer)[_HEADER.size : self._needed]
            frame = Frame(kind, bytes(whole[:body]), self._parts(whole[body:], table, size), is_last)
            whole.release()
            del self._buffer[: self._needed]
            self._needed = _HEADER.size
            yield frame

    def _header(self) -> tuple[Kind, bool, int, int, int]:
        kind, is_last, body, table, size = _HEADER.unpack_from(self._buffer)
        if kind not in self._said:
            raise BadFrame(f"Kind {kind} is not said on this side.")
        limits = self._limits
        longest_table = limits.parts * (limits.name_length * 6 + 32)
        if body > limits.body_bytes or size > limits.parts_bytes or table > longest_table:
            raise FrameTooLarge(f"{body + table + size} bytes.")
        return Kind(kind), bool(is_last), body, table, size

    def _parts(self, rest: memoryview, table: int, size: int) -> dict[str, bytes]:
        if not table:
            if size:
                raise BadFrame("Parts without a table.")
            return {}
        try:
            entries = json.loads(bytes(rest[:table]))
        except (ValueError, RecursionError) as error:
            raise BadFrame("The table of parts is not JSON.") from error
        if not isinstance(entries, list) or len(entries) > self._limits.parts:
            raise BadFrame("The table of parts is not a list of allowed length.")
        parts: dict[str, bytes] = {}
        at = table
        for entry in entries:
            match entry:
                case [str(name), int(length)] if length >= 0 and len(name) <= self._limits.name_length:
                    parts[name] = bytes(rest[at : at + length])
                    at += length
                case _:
                    raise BadFrame("The table of parts holds something that is not a name and a length.")
        if at != table + size or len(parts) != len(entries):
            raise BadFrame("The table of parts does not fit the parts.")
        return parts


class BlockingPipe:
    """A pipe for a process that does one thing at a time: an interview process."""

    def __init__(self, connection: socket.socket, limits: FrameLimits) -> None:
        self._connection, self._limits = connection, limits
        self._reader = FrameReader(limits, SAID_BY_SERVER)

    def send(self, frame: Frame) -> None:
        """Send a whole frame. Raises FrameTooLarge before the first byte, OSError when the server is gone."""
        for piece in encode(frame, self._limits):
            self._connection.sendall(piece)

    def receive(self) -> Frame:
        """Wait for the next frame. Raises EOFError when the server is gone."""
        while True:
            data = self._connection.recv(_READ_BYTES)
            if not data:
                raise EOFError
            for frame in self._reader.feed(data):
                return frame
