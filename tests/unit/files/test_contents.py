"""Contents are sealed in chunks, and every change to them is found out."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.crypto.aead import SealBroken
from shared.files.contents import CHUNK_BYTES, FileTooLarge, StoredContents
from shared.files.port import ContentsMissing
from shared.files.room import FileRoom

SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 17]


def some(size: int) -> bytes:
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


def path_of(folder: Path, stored: StoredContents) -> Path:
    return folder / stored.location[:2] / stored.location


@pytest.mark.parametrize("size", SIZES)
async def test_what_comes_in_goes_out_again(room: FileRoom, size: int) -> None:
    stored = await room.contents.keep(some(size))
    assert stored.size_bytes == size
    assert await room.contents.read(stored) == some(size)


@pytest.mark.parametrize(("start", "end"), [(0, 1), (5, 5), (CHUNK_BYTES - 2, CHUNK_BYTES + 2), (CHUNK_BYTES, None)])
async def test_a_part_is_read_without_the_rest(room: FileRoom, start: int, end: int | None) -> None:
    plain = some(2 * CHUNK_BYTES + 100)
    stored = await room.contents.keep(plain)
    found = b"".join([part async for part in room.contents.parts(stored, start=start, end=end)])
    assert found == plain[start:end]


async def test_nothing_lies_in_clear(room: FileRoom, folder: Path) -> None:
    stored = await room.contents.keep(b"canary in a coal mine " * 50_000)
    assert b"canary" not in path_of(folder, stored).read_bytes()


@pytest.mark.parametrize("spoil", ["byte", "cut", "swap", "elsewhere"])
async def test_a_changed_content_is_refused(room: FileRoom, folder: Path, spoil: str) -> None:
    stored = await room.contents.keep(some(2 * CHUNK_BYTES + 10))
    path = path_of(folder, stored)
    sealed = path.read_bytes()
    if spoil == "byte":
        path.write_bytes(sealed[:100] + bytes([sealed[100] ^ 1]) + sealed[101:])
    elif spoil == "cut":
        path.write_bytes(sealed[: CHUNK_BYTES + 46])
    elif spoil == "swap":
        size = CHUNK_BYTES + 46
        path.write_bytes(sealed[size : 2 * size] + sealed[:size] + sealed[2 * size :])
    else:
        other = await room.contents.keep(some(2 * CHUNK_BYTES + 10))
        stored = StoredContents(other.location, stored.key, stored.size_bytes)
    with pytest.raises((SealBroken, ContentsMissing)):
        await room.contents.read(stored)


async def test_a_content_over_the_limit_is_refused_and_leaves_nothing(room: FileRoom, folder: Path) -> None:
    with pytest.raises(FileTooLarge):
        await room.contents.keep(some(CHUNK_BYTES * 3), limit_bytes=CHUNK_BYTES * 2)
    assert [path for path in folder.rglob("*") if path.is_file()] == []
