"""What every store of contents must do, whatever it is made of."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from shared.files.port import ContentsMissing, ContentStore
from shared.files.store_directory import DirectoryStore
from shared.kernel.ids import new_code


@pytest.fixture(params=["directory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ContentStore:
    return DirectoryStore(tmp_path / "files")


@pytest.fixture
def location() -> str:
    return new_code(32)


async def put(store: ContentStore, location: str, *parts: bytes) -> None:
    async with store.writing(location) as writer:
        for part in parts:
            await writer.write(part)


async def test_what_was_written_is_read_in_parts(store: ContentStore, location: str) -> None:
    await put(store, location, b"first ", b"second")
    assert await store.read(location, start=0, length=100) == b"first second"
    assert await store.read(location, start=6, length=3) == b"sec"
    assert await store.read(location, start=50, length=3) == b""


async def test_a_content_that_is_being_written_is_not_there_yet(store: ContentStore, location: str) -> None:
    async with store.writing(location) as writer:
        await writer.write(b"half")
        with pytest.raises(ContentsMissing):
            await store.read(location, start=0, length=4)


async def test_nothing_is_left_of_a_content_whose_writing_failed(store: ContentStore, location: str) -> None:
    with pytest.raises(RuntimeError):
        async with store.writing(location) as writer:
            await writer.write(b"half")
            raise RuntimeError("the browser went away")
    with pytest.raises(ContentsMissing):
        await store.read(location, start=0, length=4)
    await put(store, location, b"again")
    assert await store.read(location, start=0, length=5) == b"again"


async def test_what_was_deleted_is_gone_and_may_be_deleted_again(store: ContentStore, location: str) -> None:
    await put(store, location, b"old")
    await store.delete(location)
    await store.delete(location)
    with pytest.raises(ContentsMissing):
        await store.read(location, start=0, length=3)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 15, "a/b" * 10, "." * 20])
async def test_a_location_cannot_lead_elsewhere(store: ContentStore, name: str) -> None:
    with pytest.raises(ContentsMissing):
        await store.read(name, start=0, length=1)


async def test_the_directory_is_for_the_server_alone(tmp_path: Path, location: str) -> None:
    await put(DirectoryStore(tmp_path / "files"), location, b"x")
    path = tmp_path / "files" / location[:2] / location
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
