"""shared/storage/dumping.py: a database as one file, and back, also on a server of another release."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.storage import dumping
from shared.storage.database import Database
from shared.storage.embedded_postgres import EmbeddedPostgres
from tests import servers

CONTENTS = bytes(range(256)) * 400
TABLE = """
create schema kept;
create table kept.pages (id bigint generated always as identity primary key, body bytea not null, note text unique);
insert into kept.pages (body, note) values ($1, E'a\\tb\\n\\\\.'), ($1, 'SET transaction_timeout = 0;');
"""
NOTES = ["SET transaction_timeout = 0;", "a\tb\n\\."]


@pytest.fixture
def home() -> Iterator[Path]:
    """A short path: pytest's own temporary folders are too long for sockets on some systems."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


async def opened(url: str) -> Database:
    database = Database(url=url, maximum=1, wait_seconds=20)
    await database.start()
    return database


async def fill(database: Database) -> None:
    for sql in TABLE.strip().split(";\n"):
        await database.execute(sql, *([CONTENTS] if "$1" in sql else []))


async def dumped_by_the_newest(home: Path) -> Path:
    """A dump of the PostgreSQL that we bring, which is newer than those of most distributions."""
    server = EmbeddedPostgres(data_dir=home / "data")
    await server.start()
    try:
        database = await opened(server.url)
        await fill(database)
        await dumping.dump(database, server.url, home / "database.dump")
        await database.stop()
    finally:
        await server.stop()
    return home / "database.dump"


async def test_a_dump_of_a_newer_postgresql_comes_back_on_this_one(home: Path, postgres_server: str) -> None:
    dump = await dumped_by_the_newest(home)
    with servers.own_database(postgres_server) as url:
        database = await opened(url)
        try:
            await dumping.restore(database, url, dump)
            rows = await database.fetch('select body, note from kept.pages order by note collate "C"')
            assert [row["note"] for row in rows] == NOTES
            assert {bytes(row["body"]) for row in rows} == {CONTENTS}
            with pytest.raises(dumping.DatabaseNotEmpty):
                await dumping.restore(database, url, dump)
        finally:
            await database.stop()


async def test_what_breaks_off_leaves_the_database_empty(home: Path, postgres_server: str) -> None:
    dump = await dumped_by_the_newest(home)
    with servers.own_database(postgres_server) as url:
        database = await opened(url)
        try:
            dump.write_bytes(dump.read_bytes()[:-200])
            with pytest.raises((dumping.DumpFailed, dumping.DumpProgramMissing)):
                await dumping.restore(database, url, dump)
            assert await database.fetchval("select count(*) from pg_namespace where nspname = 'kept'") == 0
        finally:
            await database.stop()


async def test_a_file_that_no_program_reads_is_told_with_what_to_install(home: Path, postgres_server: str) -> None:
    with servers.own_database(postgres_server) as url:
        database = await opened(url)
        try:
            (home / "database.dump").write_bytes(b"PGDMP\x01\xff\xff")
            with pytest.raises(dumping.DumpProgramMissing, match="or newer"):
                await dumping.restore(database, url, home / "database.dump")
        finally:
            await database.stop()
