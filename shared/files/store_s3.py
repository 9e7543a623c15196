"""Contents in an S3-compatible store: an object each, complete or not there. The only module that imports obstore.

What is small goes up in one request, the rest in parts while it arrives, so that a content of any size takes some
15 MiB of memory. A writing that is given up ends its parts; what a killed process leaves of them the store removes by
a rule of its own (docs/operators/files.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store as Bucket

from shared.files.port import LOCATION, ContentsMissing, ContentWriter, StoreUnavailable
from shared.kernel.errors import ColloquyError

_PART_BYTES = 5 * 1024 * 1024
"""The smallest part S3 takes; 10,000 of them are the most, so the largest content has 50 GB."""
_PARTS_AT_ONCE = 2
_URL = re.compile(r"s3://(?P<bucket>[A-Za-z0-9._-]{3,255})(?:/(?P<prefix>[A-Za-z0-9._/-]*))?\Z")


class FilesUrlMalformed(ColloquyError):
    """COLLOQUY_FILES_URL must look like s3://bucket or s3://bucket/folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Place:
    """Where the bucket is, and who may use it. Empty keys: as AWS's own tools find them (environment, role)."""

    url: str
    endpoint: str = ""
    region: str = ""
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)


class S3Store:
    """A ContentStore on a bucket that all services of an installation share."""

    def __init__(self, place: S3Place, *, attempt_seconds: float = 60.0, retry_seconds: float = 30.0) -> None:
        """`attempt_seconds`: how long one request may take; `retry_seconds`: how long it is tried again."""
        found = _URL.match(place.url)
        if found is None:
            raise FilesUrlMalformed
        known = {
            "endpoint": place.endpoint,
            "region": place.region or ("us-east-1" if place.endpoint else ""),
            "access_key_id": place.access_key,
            "secret_access_key": place.secret_key,
        }
        self._bucket = Bucket(
            found["bucket"],
            prefix=(found["prefix"] or "").strip("/") or None,
            # Stores of one's own seldom have a host name for each bucket.
            virtual_hosted_style_request=not place.endpoint,
            **{name: value for name, value in known.items() if value},  # type: ignore[arg-type]
            client_options={
                "allow_http": place.endpoint.startswith("http://"),
                "timeout": timedelta(seconds=attempt_seconds),
                "connect_timeout": timedelta(seconds=5),
            },
            retry_config={"max_retries": 5, "retry_timeout": timedelta(seconds=retry_seconds)},
        )

    @contextlib.asynccontextmanager
    async def writing(self, location: str) -> AsyncIterator[ContentWriter]:
        """Write a new content: durable once the block has ended well, not there at all when it has not."""
        writer = _Writer(self._bucket, _checked(location))
        try:
            yield writer
            await writer.finish()
        except BaseException:
            await writer.give_up()
            raise

    async def read(self, location: str, *, start: int, length: int) -> bytes:
        """A part of a content; shorter at its end."""
        path = _checked(location)
        with _mapped():
            try:
                return bytes(await obstore.get_range_async(self._bucket, path, start=start, length=length))
            except FileNotFoundError:
                raise
            except BaseError:
                # Beyond the end stores answer with an error, of which the client says no more than that.
                size = (await obstore.head_async(self._bucket, path))["size"]
                if start < size:
                    raise
                return b""

    async def delete(self, location: str) -> None:
        """Remove a content."""
        with contextlib.suppress(ContentsMissing), _mapped():
            await obstore.delete_async(self._bucket, _checked(location))


class _Writer:
    """Collects a part, then sends parts while more arrive."""

    def __init__(self, bucket: Bucket, path: str) -> None:
        self._bucket, self._path = bucket, path
        self._held = bytearray()
        self._parts: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=1)
        self._sending: asyncio.Task[None] | None = None
        self._is_given_up = False

    async def write(self, data: bytes) -> None:
        """Append."""
        self._held += data
        if len(self._held) >= _PART_BYTES:
            if self._sending is None:
                self._sending = asyncio.create_task(self._send(), name="file-parts")
            part, self._held = bytes(self._held), bytearray()
            await self._hand_over(part)

    async def finish(self) -> None:
        """Send what is left, and wait until the store has it all."""
        if self._sending is None:
            with _mapped():
                await obstore.put_async(self._bucket, self._path, bytes(self._held), use_multipart=False)
            return
        if self._held:
            await self._hand_over(bytes(self._held))
        await self._hand_over(None)
        await self._sending

    async def give_up(self) -> None:
        """Have the store forget the parts it has."""
        self._is_given_up = True
        if self._sending is None or self._sending.done():
            return
        with contextlib.suppress(ColloquyError):
            await self._hand_over(None)
        await asyncio.gather(self._sending, return_exceptions=True)

    async def _hand_over(self, part: bytes | None) -> None:
        """Raises what the sending failed with, instead of waiting for it for ever."""
        assert self._sending is not None
        putting = asyncio.ensure_future(self._parts.put(part))
        await asyncio.wait((putting, self._sending), return_when=asyncio.FIRST_COMPLETED)
        if not putting.done():
            putting.cancel()
            await self._sending
            raise StoreUnavailable

    async def _send(self) -> None:
        with _mapped():
            await obstore.put_async(
                self._bucket,
                self._path,
                self._arriving(),
                use_multipart=True,
                chunk_size=_PART_BYTES,
                max_concurrency=_PARTS_AT_ONCE,
            )

    async def _arriving(self) -> AsyncIterator[bytes]:
        while (part := await self._parts.get()) is not None:
            yield part
        if self._is_given_up:
            raise _GivenUpError


class _GivenUpError(Exception):
    """Ends an upload so that it is aborted."""


@contextlib.contextmanager
def _mapped() -> Iterator[None]:
    """Our errors for theirs; theirs name addresses and buckets, which are nobody's business."""
    try:
        yield
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):  # else every file would seem to be gone
            raise StoreUnavailable("There is no such bucket.") from None
        raise ContentsMissing from None
    except (BaseError, OSError, _GivenUpError) as error:
        raise StoreUnavailable(type(error).__name__) from None


def _checked(location: str) -> str:
    if not LOCATION.match(location):
        raise ContentsMissing
    return location
