"""Large bodies of messages in PostgreSQL, for a limited time: a `BlobStore`."""

from __future__ import annotations

from datetime import timedelta

from shared.bus.port import BlobMissing
from shared.kernel.clock import Clock
from shared.kernel.ids import new_token
from shared.storage.database import Database

_PUT = "insert into bus.blobs (reference, body, expires_at) values ($1, $2, $3)"
_GET = "select body from bus.blobs where reference = $1 and expires_at > $2"
_DELETE = "delete from bus.blobs where reference = $1"
_SWEEP = "delete from bus.blobs where expires_at <= $1"

_SCHEME = "blob:"


class PostgresBlobs:
    """Keeps each body `lifetime_seconds` long: by default longer than a queue may be left unattended."""

    def __init__(self, *, database: Database, clock: Clock, lifetime_seconds: float = 14 * 24 * 3600.0) -> None:
        self._database = database
        self._clock = clock
        self._lifetime = timedelta(seconds=lifetime_seconds)

    async def put(self, body: bytes) -> str:
        """Keep it; gives the reference, which cannot be guessed."""
        reference = _SCHEME + new_token(24)
        await self._database.execute(_PUT, reference, body, self._clock.now() + self._lifetime)
        return reference

    async def get(self, reference: str) -> bytes:
        """The body. Raises BlobMissing when it was deleted or has expired."""
        body: bytes | None = await self._database.fetchval(_GET, reference, self._clock.now())
        if body is None:
            raise BlobMissing()
        return body

    async def delete(self, reference: str) -> None:
        """Forget it; without effect when it is gone."""
        await self._database.execute(_DELETE, reference)

    async def sweep(self) -> None:
        """Delete what has expired."""
        await self._database.execute(_SWEEP, self._clock.now())
