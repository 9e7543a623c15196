"""Contents in a directory: `<root>/<first two letters>/<location>`, complete or not there."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from io import BufferedWriter
from pathlib import Path

from shared.files.port import LOCATION, ContentsMissing, ContentWriter, StoreUnavailable

_SMALL_BYTES = 64 * 1024


class DirectoryStore:
    """A ContentStore on a file system that all services of an installation share."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextlib.asynccontextmanager
    async def writing(self, location: str) -> AsyncIterator[ContentWriter]:
        """Write a new content: durable once the block has ended well, not there at all when it has not."""
        writer = _Writer(self._path(location))
        try:
            try:
                yield writer
                await asyncio.to_thread(writer.finish)
            except BaseException:
                writer.give_up()
                raise
        except OSError as error:
            raise StoreUnavailable(type(error).__name__) from None

    async def read(self, location: str, *, start: int, length: int) -> bytes:
        """A part of a content; shorter at its end."""
        try:
            return await asyncio.to_thread(_read, self._path(location), start, length)
        except FileNotFoundError:
            raise ContentsMissing from None
        except OSError as error:
            raise StoreUnavailable(type(error).__name__) from None

    async def delete(self, location: str) -> None:
        """Remove a content, and what is left of one that was never finished."""
        path = self._path(location)
        try:
            await asyncio.to_thread(_remove, path)
        except OSError as error:
            raise StoreUnavailable(type(error).__name__) from None

    def _path(self, location: str) -> Path:
        if not LOCATION.match(location):
            raise ContentsMissing
        return self._root / location[:2] / location


class _Writer:
    """Holds what is small until it is whole: then it costs one trip to the file system."""

    def __init__(self, path: Path) -> None:
        self._path, self._draft = path, path.with_name(f".{path.name}.part")
        self._small = bytearray()
        self._file: BufferedWriter | None = None

    async def write(self, data: bytes) -> None:
        """Append."""
        if self._file is None and len(self._small) + len(data) <= _SMALL_BYTES:
            self._small += data
        else:
            await asyncio.to_thread(self._append, data)

    def _append(self, data: bytes) -> BufferedWriter:
        if self._file is None:
            self._draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.fdopen(os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
            self._file.write(self._small)
            self._small.clear()
        self._file.write(data)
        return self._file

    def finish(self) -> None:
        """Make it durable, name included."""
        file = self._append(b"")
        file.flush()
        os.fsync(file.fileno())
        file.close()
        self._draft.rename(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def give_up(self) -> None:
        """Leave nothing behind."""
        if self._file is not None:
            self._file.close()
            self._draft.unlink(missing_ok=True)


def _read(path: Path, start: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(length)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_name(f".{path.name}.part").unlink(missing_ok=True)
