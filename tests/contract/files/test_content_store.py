"""What every store of contents must do, whatever it is made of."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.files.port import ContentsMissing, ContentStore, StoreUnavailable
from shared.files.store_directory import DirectoryStore
from shared.files.store_s3 import FilesUrlMalformed, S3Place, S3Store
from shared.kernel.ids import new_code
from tests.s3_server import LocalS3, local_s3
from tests.sites import free_port

PART = 5 * 1024 * 1024


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalS3]:
    with local_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(params=["directory", "S3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ContentStore:
    if request.param == "directory":
        return DirectoryStore(tmp_path / "files")
    server: LocalS3 = request.getfixturevalue("s3")
    return S3Store(server.place(prefix="some/folder"))


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


async def test_a_large_content_comes_in_and_goes_out_piece_by_piece(store: ContentStore, location: str) -> None:
    piece = bytes(range(256)) * 4096
    await put(store, location, *[piece] * 12, b"the end")
    assert await store.read(location, start=12 * len(piece) - 3, length=100) == piece[-3:] + b"the end"
    assert await store.read(location, start=PART - 2, length=len(piece)) == (piece * 2)[-2 % 256 : len(piece) + 254]


async def test_nothing_is_left_of_a_large_content_whose_writing_failed(store: ContentStore, location: str) -> None:
    with pytest.raises(RuntimeError):
        async with store.writing(location) as writer:
            await writer.write(b"x" * (2 * PART + 1))
            raise RuntimeError("the browser went away")
    with pytest.raises(ContentsMissing):
        await store.read(location, start=0, length=4)


async def test_an_empty_content_is_there(store: ContentStore, location: str) -> None:
    await put(store, location)
    assert await store.read(location, start=0, length=4) == b""


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


async def test_parts_of_a_writing_that_was_given_up_are_removed_at_once(s3: LocalS3, location: str) -> None:
    with pytest.raises(RuntimeError):
        async with S3Store(s3.place()).writing(location) as writer:
            await writer.write(b"x" * (2 * PART + 1))
            await until(lambda: location in uploads_begun(s3))
            raise RuntimeError("the browser went away")
    assert location not in uploads_begun(s3)


async def test_a_store_that_does_not_answer_is_told_as_such(location: str) -> None:
    nobody = S3Place(url="s3://contents", endpoint=f"http://127.0.0.1:{free_port()}", access_key="a", secret_key="b")
    store = S3Store(nobody, retry_seconds=0.1)
    for size in (1, 8 * PART):
        with pytest.raises(StoreUnavailable):
            await put(store, location, *[b"x" * min(size, PART)] * (size // PART + 1))
    with pytest.raises(StoreUnavailable):
        await store.read(location, start=0, length=1)
    with pytest.raises(StoreUnavailable):
        await store.delete(location)


async def test_a_bucket_that_is_not_there_is_no_missing_file(s3: LocalS3, location: str) -> None:
    store = S3Store(s3.place("elsewhere"), retry_seconds=0.1)
    with pytest.raises(StoreUnavailable):
        await put(store, location, b"x")
    with pytest.raises(StoreUnavailable):
        await store.read(location, start=0, length=1)


@pytest.mark.parametrize("url", ["s3://", "https://store.example.org/contents", "s3://contents?x=1", "s3://a b c"])
def test_an_address_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(FilesUrlMalformed):
        S3Store(S3Place(url=url))


def uploads_begun(s3: LocalS3) -> str:
    return s3.get("contents?uploads").decode()


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come")
