"""Where contents lie: bytes by location, written once, read in parts. Knows nothing of keys or sessions."""

from __future__ import annotations

import re
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from shared.kernel.errors import NotFound, Unavailable

LOCATION = re.compile(r"[A-Za-z0-9]{16,64}\Z")


class ContentsMissing(NotFound):
    """The contents of this file are no longer there."""


class StoreUnavailable(Unavailable):
    """The store of files does not answer, or has no room left."""


class ContentWriter(Protocol):
    """Takes the bytes of one content, in order."""

    async def write(self, data: bytes) -> None:
        """Append. Raises StoreUnavailable."""
        ...


class ContentStore(Protocol):
    """A directory or an S3-compatible store. Locations are letters and digits."""

    def writing(self, location: str) -> AbstractAsyncContextManager[ContentWriter]:
        """Write a new content: durable once the block has ended well, not there at all when it has not."""
        ...

    async def read(self, location: str, *, start: int, length: int) -> bytes:
        """A part of a content; shorter at its end. Raises ContentsMissing, StoreUnavailable."""
        ...

    async def delete(self, location: str) -> None:
        """Remove a content; one that is not there is as good as removed. Raises StoreUnavailable."""
        ...
