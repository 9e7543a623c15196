"""Contents in a directory: `<root>/<first two letters>/<location>`, complete or not there."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from io import BufferedWriter
from pathlib import Path

from shared.files.port import LOCATION, ContentsMissing, ContentWriter, StoreUnavailable


class DirectoryStore:
    """A ContentStore on a file system that all services of an installation share."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextlib.asynccontextmanager
    async def writing(self, location: str) -> AsyncIterator[ContentWriter]:
        """Write a new content: durable once the block has ended well, not there at all when it has not."""
        path = self._path(location)
        draft = path.with_name(f".{path.name}.part")
        try:
            file = await asyncio.to_thread(_create, draft)
            try:
                yield _Writer(file)
                await asyncio.to_thread(_finish, file, draft, path)
            except BaseException:
                file.close()
                draft.unlink(missing_ok=True)
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
    def __init__(self, file: BufferedWriter) -> None:
        self._file = file

    async def write(self, data: bytes) -> None:
        """Append."""
        await asyncio.to_thread(self._file.write, data)


def _create(draft: Path) -> BufferedWriter:
    draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _finish(file: BufferedWriter, draft: Path, path: Path) -> None:
    """Make it durable, name included."""
    file.flush()
    os.fsync(file.fileno())
    file.close()
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path, start: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(length)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.with_name(f".{path.name}.part").unlink(missing_ok=True)
