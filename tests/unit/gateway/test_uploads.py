"""Forms with files are read as they arrive: whatever the pieces, nothing in clear, nothing over the limits."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.types import Message

from services.gateway.forms import FormUnreadable
from services.gateway.security import BodyTooLarge
from services.gateway.tokens import ForeignForm
from services.gateway.uploads import UploadReader, has_files
from shared.contracts.session import Upload
from shared.crypto.keys import ServerKeys
from shared.files.contents import StoredContents
from shared.files.room import FileRoom
from shared.files.schema import SCHEMA
from shared.files.store_directory import DirectoryStore
from shared.kernel.clock import ManualClock
from shared.storage.database import Database
from shared.storage.migrations import migrate

BOUNDARY = "xyzzy"
LIMIT = 10_000


@pytest.fixture
async def room(database: Database, server_keys: ServerKeys, clock: ManualClock, tmp_path: Path) -> FileRoom:
    await migrate(database, [SCHEMA])
    store = DirectoryStore(tmp_path)
    return FileRoom.of(database=database, store=store, server_keys=server_keys, clock=clock, max_file_bytes=LIMIT)


@pytest.fixture
def reader(room: FileRoom) -> UploadReader:
    return UploadReader(room=room, max_fields=10, max_text_bytes=1000)


def part(name: str, contents: bytes, filename: str | None = None) -> bytes:
    named = "" if filename is None else f'; filename="{filename}"'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
    return head.encode() + contents + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()
FORM = part("csrf_token", b"token") + part("a", b"typed")


def posting(body: bytes, *, piece: int = 1000) -> Request:
    """A request whose body arrives in pieces."""
    pieces = [body[start : start + piece] for start in range(0, len(body), piece)] or [b""]
    messages: list[Message] = [{"type": "http.request", "body": one, "more_body": True} for one in pieces]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        return messages.pop(0)

    kind = f"multipart/form-data; boundary={BOUNDARY}".encode()
    return Request({"type": "http", "method": "POST", "headers": [(b"content-type", kind)]}, receive)


async def admit(control: Mapping[str, str]) -> frozenset[str]:
    """As a page of ours does: who is not known brings nothing."""
    if control.get("csrf_token") != "token":
        raise ForeignForm
    return frozenset({"f"})


async def contents_of(room: FileRoom, upload: Upload) -> bytes:
    location, key, size = upload.location, upload.key_base64, upload.size_bytes
    return await room.contents.read(StoredContents(location, base64.b64decode(key), size))


@pytest.mark.parametrize("piece", [1, 2, 7, 64, 100_000])
async def test_the_pieces_in_which_a_form_arrives_do_not_matter(
    reader: UploadReader, room: FileRoom, piece: int
) -> None:
    tricky = b"\r\n--xyzz\r\n-xyzzy--" + bytes(range(256)) + b"\r"
    body = FORM + part("f", tricky, "tricky.bin") + part("f", b"%PDF-1.4", "b.pdf") + part("z", "ä".encode()) + END
    posted = await reader.read(posting(body, piece=piece), admit)
    assert [(one.name, one.value) for one in posted.inputs] == [("a", "typed"), ("z", "ä")]
    assert [(one.name, one.filename, one.mimetype) for one in posted.uploads] == [
        ("f", "tricky.bin", "application/octet-stream"),
        ("f", "b.pdf", "application/pdf"),
    ]
    assert await contents_of(room, posted.uploads[0]) == tricky


async def test_contents_are_hashed_for_those_who_ask(reader: UploadReader) -> None:
    body = FORM + part("f", b"one", "a.txt") + part("f", b"", "empty.txt") + END
    assert (await reader.read(posting(body), admit)).digests == ()
    told = (await reader.read(posting(body), admit, with_digests=True)).digests
    assert told == (hashlib.sha256(b"one").digest(), hashlib.sha256(b"").digest())


async def test_an_empty_input_brings_nothing(reader: UploadReader) -> None:
    posted = await reader.read(posting(FORM + part("f", b"", "") + END), admit)
    assert posted.uploads == ()


async def test_files_of_inputs_that_take_none_are_left_aside(reader: UploadReader, tmp_path: Path) -> None:
    posted = await reader.read(posting(FORM + part("other", b"x", "x.txt") + END), admit)
    assert posted.uploads == ()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_a_file_before_its_page_is_known_is_refused(reader: UploadReader) -> None:
    with pytest.raises(ForeignForm):
        await reader.read(posting(part("f", b"x", "x.txt") + FORM + END), admit)


async def test_files_over_the_limit_are_refused_and_leave_nothing(reader: UploadReader, tmp_path: Path) -> None:
    body = FORM + part("f", b"x" * 6000, "a") + part("f", b"x" * 6000, "b") + END
    with pytest.raises(BodyTooLarge):
        await reader.read(posting(FORM + part("f", b"x" * (LIMIT + 1), "a") + END), admit)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    with pytest.raises(BodyTooLarge):
        await reader.read(posting(body), admit)


@pytest.mark.parametrize(
    "body",
    [
        FORM + part("f", b"x", "x.txt"),
        b"no multipart at all",
        b"".join(part(f"n{number}", b"") for number in range(20)) + END,
        part("a", b"x" * 2000) + END,
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{"x" * 20_000}"\r\n\r\nx\r\n'.encode() + END,
    ],
    ids=["cut off", "no form", "too many fields", "too much text", "a very long head"],
)
async def test_a_body_that_is_no_form_of_ours_is_refused_in_words(reader: UploadReader, body: bytes) -> None:
    with pytest.raises(FormUnreadable):
        await reader.read(posting(body), admit)


def test_only_multipart_bodies_carry_files() -> None:
    assert has_files(posting(b""))
    assert not has_files(Request({"type": "http", "method": "POST", "headers": []}))
