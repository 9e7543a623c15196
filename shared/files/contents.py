"""Sealed contents: what comes in is cut into chunks, each authenticated with its place, and what goes out is checked.

A chunk is bound to the location, its number and whether it is the last one, so that chunks cannot be swapped, dropped
or taken from another file without being found out. A part of a file is read by opening the chunks it lies in.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from shared.crypto.aead import KEY_SIZE, OVERHEAD, SealBroken, associated_data, open_sealed, seal
from shared.files.kinds import HEAD_BYTES
from shared.files.leftovers import Leftovers
from shared.files.port import ContentsMissing, ContentStore, ContentWriter
from shared.kernel.clock import Clock
from shared.kernel.errors import Malformed
from shared.kernel.ids import new_code, random_bytes

CHUNK_BYTES = 256 * 1024
_SEALED_BYTES = CHUNK_BYTES + OVERHEAD
_CHUNKS_AT_ONCE = 4
"""How many are read in one request: each costs a store beyond the network some milliseconds."""
_UNCLAIMED = timedelta(hours=24)
"""How long a content waits to be claimed: longer than any turn, and than any task should take."""


class FileTooLarge(Malformed):
    """This file is larger than this server takes."""


@dataclass(frozen=True, slots=True)
class StoredContents:
    """A content that was written: where, and how to open it."""

    location: str
    key: bytes = field(repr=False)
    size_bytes: int


class Receiver:
    """Takes a content in as it arrives; holds one chunk at a time."""

    def __init__(self, writer: ContentWriter, location: str, *, limit_bytes: int | None) -> None:
        self._writer, self._location, self._limit = writer, location, limit_bytes
        self._key = random_bytes(KEY_SIZE)
        self._buffer = bytearray()
        self._chunks = 0
        self.size_bytes = 0
        self.head = b""
        """The first bytes, which tell what kind of file it is."""

    async def write(self, data: bytes) -> None:
        """Append. Raises FileTooLarge, StoreUnavailable."""
        self.size_bytes += len(data)
        if self._limit is not None and self.size_bytes > self._limit:
            raise FileTooLarge(f"The limit is {_spoken(self._limit)}.")
        if len(self.head) < HEAD_BYTES:
            self.head += bytes(data[: HEAD_BYTES - len(self.head)])
        rest = memoryview(data)  # it may be large: no copy of the whole
        while rest:
            room = CHUNK_BYTES - len(self._buffer)
            if not room:  # and there is more: so it is not the last
                await self._put(bytes(self._buffer), is_last=False)
                self._buffer.clear()
                continue
            self._buffer += rest[:room]
            rest = rest[room:]

    async def finish(self) -> None:
        """Write what is left."""
        await self._put(bytes(self._buffer), is_last=True)

    @property
    def stored(self) -> StoredContents:
        """What was written, once the block of `receiving` has ended."""
        return StoredContents(self._location, self._key, self.size_bytes)

    async def _put(self, plain: bytes, *, is_last: bool) -> None:
        place = _place(self._location, self._chunks, is_last)
        await self._writer.write(seal(self._key, plain, associated=place))
        self._chunks += 1


class Contents:
    """Writes and reads sealed contents."""

    def __init__(self, *, store: ContentStore, leftovers: Leftovers, clock: Clock) -> None:
        self._store, self._leftovers, self._clock = store, leftovers, clock

    @contextlib.asynccontextmanager
    async def receiving(self, *, limit_bytes: int | None = None) -> AsyncIterator[Receiver]:
        """Take a content in; nothing is left of it when the block fails, or when no commit claims it in a day."""
        [location] = await self._announced(1)
        async with self._receiving(location, limit_bytes) as receiver:
            yield receiver

    async def _announced(self, number: int) -> list[str]:
        """Places for so many contents."""
        locations = [new_code(32) for _ in range(number)]
        await self._leftovers.announce(locations, due_at=self._clock.now() + _UNCLAIMED)
        return locations

    @contextlib.asynccontextmanager
    async def _receiving(self, location: str, limit_bytes: int | None) -> AsyncIterator[Receiver]:
        async with self._store.writing(location) as writer:
            receiver = Receiver(writer, location, limit_bytes=limit_bytes)
            yield receiver
            await receiver.finish()

    async def keep(self, plain: bytes, *, limit_bytes: int | None = None) -> StoredContents:
        """Write a content that is there as a whole. Raises FileTooLarge, StoreUnavailable."""
        async with self.receiving(limit_bytes=limit_bytes) as receiver:
            await receiver.write(plain)
        return receiver.stored

    async def keep_all(self, plains: Sequence[bytes]) -> list[StoredContents]:
        """Several that belong together, each for itself. Raises StoreUnavailable."""

        async def keep(location: str, plain: bytes) -> StoredContents:
            async with self._receiving(location, None) as receiver:
                await receiver.write(plain)
            return receiver.stored

        locations = await self._announced(len(plains))
        return list(await asyncio.gather(*map(keep, locations, plains)))

    async def read(self, stored: StoredContents) -> bytes:
        """A whole content. Raises ContentsMissing, SealBroken, StoreUnavailable."""
        return b"".join([part async for part in self.parts(stored)])

    async def parts(self, stored: StoredContents, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """A content, or what lies from `start` up to `end`, piece by piece, each checked before it is given out."""
        end = stored.size_bytes if end is None else min(end, stored.size_bytes)
        last = max(0, (stored.size_bytes - 1) // CHUNK_BYTES)
        wanted = min(last, max(0, end - 1) // CHUNK_BYTES)
        for first in range(start // CHUNK_BYTES, wanted + 1, _CHUNKS_AT_ONCE):
            numbers = range(first, min(first + _CHUNKS_AT_ONCE, wanted + 1))
            sealed = await self._store.read(
                stored.location, start=first * _SEALED_BYTES, length=len(numbers) * _SEALED_BYTES
            )
            for number in numbers:
                at = (number - first) * _SEALED_BYTES
                yield self._opened(stored, number, sealed[at : at + _SEALED_BYTES], is_last=number == last)[
                    max(0, start - number * CHUNK_BYTES) : end - number * CHUNK_BYTES
                ]

    def _opened(self, stored: StoredContents, number: int, sealed: bytes, *, is_last: bool) -> bytes:
        if not sealed:
            raise ContentsMissing
        plain = open_sealed(stored.key, sealed, associated=_place(stored.location, number, is_last))
        if len(plain) != min(CHUNK_BYTES, stored.size_bytes - number * CHUNK_BYTES):
            raise SealBroken("It is not as long as its record says.")
        return plain


def _place(location: str, number: int, is_last: bool) -> bytes:
    return associated_data("file chunk", location, number, int(is_last))


def _spoken(size: int) -> str:
    """A size as people say it."""
    mebibytes, rest = divmod(size, 1024 * 1024)
    return f"{mebibytes} MB" if mebibytes and not rest else f"{-(-size // 1024)} kB"
