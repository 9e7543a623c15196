"""shared/storage/migrations.py: numbered files, once, whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from shared.storage.database import Database
from shared.storage.errors import DatabaseUnavailable
from shared.storage.migrations import (
    MigrationChanged,
    MigrationFailed,
    MigrationsMisnumbered,
    SchemaFolder,
    TablesBehind,
    TablesCheck,
    migrate,
    pending,
)
from tests.servers import beside


@pytest.fixture
async def empty(database: Database) -> AsyncIterator[Database]:
    yield database
    await database.execute("drop schema if exists room, colloquy, other cascade")


@pytest.fixture
def room(tmp_path: Path) -> SchemaFolder:
    write(tmp_path, "0001_things.sql", "create table room.things (id integer); insert into room.things values (1);")
    return SchemaFolder("room", tmp_path)


def write(folder: Path, name: str, sql: str) -> None:
    (folder / name).write_text(sql)


async def test_files_are_applied_in_order_once(empty: Database, room: SchemaFolder) -> None:
    write(room.folder, "0002_more.sql", "insert into room.things values (2);")
    assert await pending(empty, [room]) == ["room/0001_things", "room/0002_more"]
    assert await migrate(empty, [room]) == ["room/0001_things", "room/0002_more"]
    assert await migrate(empty, [room]) == []
    assert await pending(empty, [room]) == []
    assert await empty.fetchval("select array_agg(id order by id) from room.things") == [1, 2]


async def test_of_many_who_start_at_once_one_applies_each_file(
    empty: Database, room: SchemaFolder, postgres_url: str
) -> None:
    for number in range(2, 6):
        write(room.folder, f"000{number}_more.sql", f"insert into room.things values ({number});")
    starters = [Database(url=postgres_url) for _ in range(6)]
    await asyncio.gather(*(starter.start() for starter in starters))
    try:
        applied = await asyncio.gather(*(migrate(starter, [room]) for starter in starters))
    finally:
        await asyncio.gather(*(starter.stop() for starter in starters))
    assert sorted(label for labels in applied for label in labels) == [
        "room/0001_things", "room/0002_more", "room/0003_more", "room/0004_more", "room/0005_more",
    ]  # fmt: skip
    assert await empty.fetchval("select array_agg(id order by id) from room.things") == [1, 2, 3, 4, 5]


async def test_a_service_starts_only_on_the_tables_of_its_release(empty: Database, room: SchemaFolder) -> None:
    check = TablesCheck(database=empty, folders=[room])
    with pytest.raises(TablesBehind, match=r"run `colloquy migrate`.*room/0001_things"):
        await check.start()
    await migrate(empty, [room])
    await check.start()
    await check.stop()


class GoneForAMoment(Database):
    """A database that is started again just after the pool has connected."""

    gone = 2

    async def fetchval(self, sql: str, *arguments: Any) -> Any:
        if self.gone:
            self.gone -= 1
            raise DatabaseUnavailable("It is being started.")
        return await super().fetchval(sql, *arguments)


async def test_a_service_that_starts_while_the_database_is_started_again_waits_for_it(
    empty: Database, room: SchemaFolder, postgres_url: str
) -> None:
    await migrate(empty, [room])
    database = GoneForAMoment(url=postgres_url)
    await database.start()
    try:
        await TablesCheck(database=database, folders=[room]).start()
        assert not database.gone
        database.gone = 1
        with pytest.raises(DatabaseUnavailable):
            await TablesCheck(database=database, folders=[room], wait_seconds=0).start()
    finally:
        await database.stop()


async def test_a_file_that_fails_leaves_nothing_and_the_earlier_ones_stay(empty: Database, room: SchemaFolder) -> None:
    write(room.folder, "0002_bad.sql", "create table room.half (id integer); select no_such_function();")
    with pytest.raises(MigrationFailed, match=r"room/0002_bad.*no_such_function"):
        await migrate(empty, [room])
    assert await empty.fetchval("select to_regclass('room.half')") is None
    assert await empty.fetchval("select count(*) from room.things") == 1
    assert await pending(empty, [room]) == ["room/0002_bad"]


async def test_a_file_changed_after_it_was_applied_is_refused(empty: Database, room: SchemaFolder) -> None:
    await migrate(empty, [room])
    write(room.folder, "0001_things.sql", "create table room.things (id bigint);")
    with pytest.raises(MigrationChanged, match="room/0001_things"):
        await migrate(empty, [room])
    with pytest.raises(MigrationChanged):
        await pending(empty, [room])


async def test_a_release_goes_on_with_the_tables_of_a_newer_one_and_says_so(
    empty: Database, room: SchemaFolder
) -> None:
    write(room.folder, "0002_future.sql", "alter table room.things add column later text;")
    await migrate(empty, [room])
    (room.folder / "0002_future.sql").unlink()
    with capture_logs() as lines:
        assert await migrate(empty, [room]) == []
        await TablesCheck(database=empty, folders=[room]).start()
    assert [(line["event"], line["schema"], line["number"], line["known"]) for line in lines] == [
        ("tables.newer_than_release", "room", 2, 1)
    ] * 2


@pytest.mark.parametrize(
    "names", [["0002_second.sql"], ["0001_a.sql", "0001_b.sql"], ["0001_a.sql", "0003_c.sql"], ["first.sql"], []]
)
async def test_gaps_doubles_and_strange_names_are_refused(tmp_path: Path, names: list[str], empty: Database) -> None:
    for name in names:
        write(tmp_path, name, "select 1;")
    with pytest.raises(MigrationsMisnumbered):
        await migrate(empty, [SchemaFolder("room", tmp_path)])


async def test_line_endings_of_a_checkout_do_not_count_as_a_change(empty: Database, tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_bytes(b"select 1;\nselect 2;\n")
    await migrate(empty, [SchemaFolder("other", tmp_path)])
    (tmp_path / "0001_a.sql").write_bytes(b"select 1;\r\nselect 2;\r\n")
    assert await migrate(empty, [SchemaFolder("other", tmp_path)]) == []


async def test_the_migrations_of_the_house_apply_together(
    database: Database, postgres_url: str, name_prefix: str
) -> None:
    house = Path(__file__).parents[3]
    folders = [
        SchemaFolder(folder.parent.name, folder)
        for part in ("services", "shared")
        for folder in sorted((house / part).glob("*/migrations"))
    ]
    assert SchemaFolder("session", house / "services/session/migrations") in folders
    name = f"colloquy_test_{name_prefix}"
    await database.execute(f'create database "{name}"')
    whole = Database(url=beside(postgres_url, name))
    await whole.start()
    try:
        assert "session/0001_sessions" in await migrate(whole, folders)
        assert await pending(whole, folders) == []
    finally:
        await whole.stop()
        await database.execute(f'drop database "{name}" with (force)')
