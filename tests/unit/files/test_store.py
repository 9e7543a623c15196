"""Files belong to sessions: who opens the session opens them, and they go with it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from shared.crypto.aead import SealBroken
from shared.crypto.answers import seal_value
from shared.crypto.envelope import new_data_key
from shared.files.contents import StoredContents
from shared.files.housekeeping import FileHousekeeping
from shared.files.port import ContentsMissing
from shared.files.records import ContentsLost, FileChange, Keys, OpenFile, UnknownFile
from shared.files.room import FileRoom
from shared.kernel.clock import ManualClock
from shared.storage.database import Database
from tests.put_back import kept, put_back

from .conftest import SomeKeys


async def change(room: FileRoom, database: Database, clock: ManualClock, keys: Keys, *changes: FileChange) -> None:
    async with database.transaction() as connection:
        await room.records.change(connection, changes, keys=keys, interview="test:a.yml", now=clock.now())


async def made(
    room: FileRoom, database: Database, clock: ManualClock, keys: Keys, plain: bytes = b"text", **given: object
) -> int:
    number = await room.records.next_number(database)
    contents = await room.contents.keep(plain)
    wanted = FileChange(number=number, contents=contents, filename="a file.txt", **given)  # type: ignore[arg-type]
    await change(room, database, clock, keys, wanted)
    return number


async def opened(room: FileRoom, database: Database, number: int, keys: Keys) -> OpenFile:
    record = await room.records.find(database, number)
    assert record is not None
    return room.records.open(record, keys)


def on_disk(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


async def test_the_keys_of_the_session_open_its_file(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys
) -> None:
    file = await opened(room, database, await made(room, database, clock, keys), keys)
    assert (file.filename, file.mimetype) == ("a file.txt", "text/plain")
    assert await room.contents.read(file.contents) == b"text"


async def test_a_new_generation_of_keys_still_opens_older_files(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys
) -> None:
    number = await made(room, database, clock, keys)
    keys.by_generation[2], keys.generation = new_data_key(), 2
    assert (await opened(room, database, number, keys)).filename == "a file.txt"


async def test_another_session_does_not_open_it(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys
) -> None:
    number = await made(room, database, clock, keys)
    with pytest.raises(UnknownFile):
        await opened(room, database, number, SomeKeys())
    with pytest.raises(UnknownFile):
        await opened(room, database, number, SomeKeys(session_id=keys.session_id))


async def test_another_session_cannot_write_over_it(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys
) -> None:
    number = await made(room, database, clock, keys)
    contents = await room.contents.keep(b"forged")
    with pytest.raises(UnknownFile):
        await change(room, database, clock, SomeKeys(), FileChange(number=number, contents=contents))
    file = await opened(room, database, number, keys)
    assert await room.contents.read(file.contents) == b"text"


async def test_a_private_file_is_closed_to_the_server(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys
) -> None:
    record = await room.records.find(database, await made(room, database, clock, keys))
    assert record is not None
    assert room.records.open_shared(record) is None


@pytest.mark.parametrize("shared", [{"is_private": False}, {"is_persistent": True}, {"grantees": ("user:5",)}])
async def test_a_shared_file_is_open_to_the_server_until_it_is_private_again(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys, shared: dict[str, object]
) -> None:
    number = await made(room, database, clock, keys, **shared)
    record = await room.records.find(database, number)
    assert record is not None
    assert (file := room.records.open_shared(record)) is not None
    assert await room.contents.read(file.contents) == b"text"
    await change(
        room, database, clock, keys, FileChange(number=number, is_private=True, is_persistent=False, grantees=())
    )
    record = await room.records.find(database, number)
    assert record is not None
    assert room.records.open_shared(record) is None


async def test_new_contents_take_the_place_of_the_old_ones(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys
) -> None:
    number = await made(room, database, clock, keys)
    await change(room, database, clock, keys, FileChange(number=number, contents=await room.contents.keep(b"newer")))
    file = await opened(room, database, number, keys)
    assert await room.contents.read(file.contents) == b"newer"
    assert file.filename == "a file.txt"


async def test_replaced_contents_stay_for_who_reads_them_and_go_after_an_hour(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys, folder: Path
) -> None:
    number = await made(room, database, clock, keys)
    before = await opened(room, database, number, keys)
    await change(room, database, clock, keys, FileChange(number=number, contents=await room.contents.keep(b"newer")))
    housekeeping = FileHousekeeping(database=database, store=room.store, clock=clock)
    assert await housekeeping.tidy() == 0
    assert await room.contents.read(before.contents) == b"text"
    await clock.advance(timedelta(hours=1).total_seconds())
    assert await housekeeping.tidy() == 1
    assert on_disk(folder) == 1


async def test_contents_that_nobody_claims_are_removed_after_a_day(
    room: FileRoom, database: Database, clock: ManualClock, folder: Path
) -> None:
    housekeeping = FileHousekeeping(database=database, store=room.store, clock=clock)
    await room.contents.keep(b"never claimed")
    assert await housekeeping.tidy() == 0
    await clock.advance(timedelta(hours=25).total_seconds())
    assert await housekeeping.tidy() == 1
    assert on_disk(folder) == 0


async def test_what_was_removed_cannot_be_claimed_any_more(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys
) -> None:
    contents = await room.contents.keep(b"too late")
    await clock.advance(timedelta(hours=25).total_seconds())
    await FileHousekeeping(database=database, store=room.store, clock=clock).tidy()
    number = await room.records.next_number(database)
    with pytest.raises(ContentsLost):
        await change(room, database, clock, keys, FileChange(number=number, contents=contents, filename="x"))
    assert await room.records.find(database, number) is None


async def test_files_go_with_their_session_unless_they_are_persistent(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys, folder: Path
) -> None:
    gone = await made(room, database, clock, keys)
    kept = await made(room, database, clock, keys, b"kept", is_persistent=True)
    contents: StoredContents = (await opened(room, database, gone, keys)).contents
    async with database.transaction() as connection:
        await room.records.forget_session(connection, keys.session_id, now=clock.now(), heir="user:7")
    assert await room.records.find(database, gone) is None
    await FileHousekeeping(database=database, store=room.store, clock=clock).tidy()
    with pytest.raises(ContentsMissing):
        await room.contents.read(contents)
    record = await room.records.find(database, kept)
    assert record is not None
    assert record.grantees == ("user:7",)
    assert (file := room.records.open_shared(record)) is not None
    assert await room.contents.read(file.contents) == b"kept"


@pytest.mark.parametrize("given", [{}, {"is_private": False}])
async def test_a_row_that_somebody_puts_back_opens_nothing(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys, given: dict[str, bool]
) -> None:
    number = await made(room, database, clock, keys, b"first", is_private=False)
    copy = await kept(database, "files.files", "id = $1", number)
    contents = await room.contents.keep(b"second")
    await change(room, database, clock, keys, FileChange(number=number, contents=contents, **given))
    await put_back(database, copy)
    assert await room.records.find(database, number) is None
    with pytest.raises(UnknownFile):
        await change(room, database, clock, keys, FileChange(number=number, filename="other.txt"))


async def test_a_file_that_is_private_again_does_not_open_because_somebody_puts_its_row_back(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys
) -> None:
    number = await made(room, database, clock, keys, is_private=False)
    copy = await kept(database, "files.files", "id = $1", number)
    await change(room, database, clock, keys, FileChange(number=number, is_private=True))
    await put_back(database, copy)
    assert await room.records.find(database, number) is None


async def test_a_row_with_the_count_of_another_moment_opens_nothing(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys
) -> None:
    """Row and count say the same, and both lie."""
    number = await made(room, database, clock, keys, is_private=False)
    await change(room, database, clock, keys, FileChange(number=number, is_private=False))
    await database.execute("update files.files set version = 1 where id = $1", number)
    await database.execute("update files.versions set version = 1 where number = $1", number)
    record = await room.records.find(database, number)
    assert record is not None
    with pytest.raises(UnknownFile):
        room.records.open(record, keys)
    with pytest.raises(SealBroken):
        room.records.open_shared(record)


async def test_a_file_of_a_session_that_is_gone_does_not_come_back_with_its_row(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys
) -> None:
    number = await made(room, database, clock, keys)
    copy = await kept(database, "files.files", "id = $1", number)
    async with database.transaction() as connection:
        await room.records.forget_session(connection, keys.session_id, now=clock.now())
    await put_back(database, copy)
    assert await room.records.find(database, number) is None


async def test_older_contents_of_a_file_are_refused_in_the_place_of_the_newest(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys, folder: Path
) -> None:
    number = await made(room, database, clock, keys, b"first")
    old = (await opened(room, database, number, keys)).contents.location
    before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}[old]
    contents = await room.contents.keep(b"other")
    await change(room, database, clock, keys, FileChange(number=number, contents=contents))
    newest = (await opened(room, database, number, keys)).contents
    (place,) = folder.rglob(newest.location)
    place.write_bytes(before)
    with pytest.raises(SealBroken):
        await room.contents.read(newest)


async def test_a_file_of_a_release_that_did_not_count_opens_and_is_counted_from_then_on(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys
) -> None:
    number = await made(room, database, clock, keys)
    contents = (await opened(room, database, number, keys)).contents
    wrapped = seal_value(
        contents.key,
        data_key=keys.by_generation[1],
        purpose="file key",
        ids=(keys.session_id, number, contents.location),
    )
    await database.execute("delete from files.versions where number = $1", number)
    await database.execute("update files.files set version = 0, key_wrapped = $2 where id = $1", number, wrapped)
    copy = await kept(database, "files.files", "id = $1", number)
    assert (await opened(room, database, number, keys)).filename == "a file.txt"
    await change(room, database, clock, keys, FileChange(number=number, filename="other.txt"))
    assert (await opened(room, database, number, keys)).filename == "other.txt"
    await put_back(database, copy)
    assert await room.records.find(database, number) is None


async def test_neither_name_nor_contents_lie_in_the_database(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys
) -> None:
    await made(room, database, clock, keys)
    row = await database.fetchrow("select * from files.files")
    assert row is not None
    assert all(b"a file" not in (value if isinstance(value, bytes) else str(value).encode()) for value in row.values())


_WAITING = (
    "select exists (select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
)


async def test_of_two_that_change_a_file_at_once_the_second_changes_what_the_first_left(
    room: FileRoom, database: Database, clock: ManualClock, keys: SomeKeys
) -> None:
    """Who has waited for the row of a file sees its count as it is then; it is no row that somebody put back."""
    number = await made(room, database, clock, keys)
    one, two = [FileChange(number=number, contents=await room.contents.keep(plain)) for plain in (b"one", b"two")]
    async with database.transaction() as connection:
        await room.records.change(connection, [one], keys=keys, interview="test:a.yml", now=clock.now())
        second = asyncio.create_task(change(room, database, clock, keys, two))
        async with asyncio.timeout(30):
            while not await database.fetchval(_WAITING):
                await asyncio.sleep(0.01)
    await second
    file = await opened(room, database, number, keys)
    assert await room.contents.read(file.contents) == b"two"
