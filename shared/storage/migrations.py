"""Bring the database's schemas up to date: numbered SQL files, each in one transaction, one process at a time.

A room that owns tables has a folder `migrations/` with files `0001_name.sql`. Applied files are recorded with their
checksum in `colloquy.migrations`; a released file never changes, a correction is a new file. Five services may start
at once: whoever comes first applies a file, the others find it applied.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from shared.kernel.errors import ColloquyError
from shared.storage.database import Connection, Database, Statements
from shared.storage.errors import DatabaseUnavailable

log = structlog.get_logger()

_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql\Z")
_SCHEMA = re.compile(r"[a-z][a-z0-9_]*\Z")
_LOCK = 0x636F6C6C6F717579  # "colloquy"
_PAUSE_SECONDS = 0.5

_TAKE_LOCK = "select pg_advisory_xact_lock($1)"
_HAS_RECORD = "select to_regclass('colloquy.migrations') is not null"
_CREATE_RECORD = """
create schema if not exists colloquy;
create table if not exists colloquy.migrations (
    schema_name text not null,
    number      integer not null,
    name        text not null,
    checksum    text not null,
    applied_at  timestamptz not null default now(),
    primary key (schema_name, number)
);
"""
_READ_RECORD = "select schema_name, number, name, checksum from colloquy.migrations"
_ADD_RECORD = "insert into colloquy.migrations (schema_name, number, name, checksum) values ($1, $2, $3, $4)"


class MigrationsMisnumbered(ColloquyError):
    """The files of a migrations folder must be named 0001_name.sql, 0002_name.sql and so on, without gaps."""


class MigrationChanged(ColloquyError):
    """A migration was changed after it was applied; put the old text back and write a new file."""


class MigrationFailed(ColloquyError):
    """A migration could not be applied; nothing of it was kept."""


class TablesBehind(ColloquyError):
    """The tables of the database are older than this release: run `colloquy migrate`."""


@dataclass(frozen=True, slots=True)
class SchemaFolder:
    """One schema and the folder of its numbered files."""

    schema: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    schema: str
    number: int
    name: str
    sql: str
    checksum: str

    @property
    def label(self) -> str:
        """How logs and errors name it: `session/0001_sessions`."""
        return f"{self.schema}/{self.number:04d}_{self.name}"


_Record = Mapping[tuple[str, int], str]


def read_migrations(source: SchemaFolder) -> list[Migration]:
    """The files of one folder in order. Raises MigrationsMisnumbered."""
    if not _SCHEMA.match(source.schema):
        raise MigrationsMisnumbered(f"{source.schema!r} is not a name for a schema.")
    found: list[Migration] = []
    for path in sorted(source.folder.glob("*.sql")):
        match = _FILE.match(path.name)
        if match is None or int(match[1]) != len(found) + 1:
            raise MigrationsMisnumbered(f"Found {path} where number {len(found) + 1:04d} was expected.")
        sql = path.read_text(encoding="utf-8")  # text mode: line endings of a checkout do not count
        checksum = hashlib.sha256(sql.encode()).hexdigest()
        found.append(Migration(source.schema, int(match[1]), match[2], sql, checksum))
    if not found:
        raise MigrationsMisnumbered(f"There are no migrations in {source.folder}.")
    return found


async def migrate(database: Database, folders: Sequence[SchemaFolder]) -> list[str]:
    """Apply what is missing, folder by folder; gives the labels of the files this call applied.

    Tables of a newer release stay as they are: their changes only add, and whoever takes an upgrade back needs them.
    Raises MigrationsMisnumbered, MigrationChanged, MigrationFailed, DatabaseUnavailable.
    """
    wanted = [migration for source in folders for migration in read_migrations(source)]
    record = await _read_record(database)
    missing = _missing(wanted, record)
    _tell_of_newer(wanted, record)
    applied = []
    for migration in missing:
        if await _apply(database, migration):
            log.info("migration.applied", migration=migration.label)
            applied.append(migration.label)
    return applied


async def pending(database: Database, folders: Sequence[SchemaFolder]) -> list[str]:
    """The labels of the files that `migrate` would apply. Raises as it does."""
    wanted = [migration for source in folders for migration in read_migrations(source)]
    return [migration.label for migration in _missing(wanted, await _read_record(database))]


class TablesCheck:
    """A Component that keeps a service from starting on tables that are older than its release.

    On newer ones it starts: two releases run at once during an upgrade, and after it was taken back.
    A database that goes away just after the pool has connected is waited for, up to `wait_seconds`, as the pool waits
    for one that is not there: the service would end otherwise.
    """

    def __init__(self, *, database: Database, folders: Sequence[SchemaFolder], wait_seconds: float = 30.0) -> None:
        self._database, self._folders = database, folders
        self._wait_seconds = wait_seconds

    async def start(self) -> None:
        """Look, on the started database. Raises TablesBehind, and what `pending` raises."""
        wanted = [migration for source in self._folders for migration in read_migrations(source)]
        record = await self._record()
        if waiting := _missing(wanted, record):
            raise TablesBehind(f"Not applied yet: {', '.join(migration.label for migration in waiting)}.")
        _tell_of_newer(wanted, record)

    async def _record(self) -> _Record:
        ends = asyncio.get_running_loop().time() + self._wait_seconds
        while True:
            try:
                return await _read_record(self._database)
            except DatabaseUnavailable:
                if asyncio.get_running_loop().time() >= ends:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)

    async def stop(self) -> None:
        """Nothing is held."""


async def _apply(database: Database, migration: Migration) -> bool:
    """Apply one file unless somebody else was faster."""
    async with database.transaction() as connection:
        await connection.execute("set local statement_timeout = 0")
        await connection.execute(_TAKE_LOCK, _LOCK)
        await connection.execute(_CREATE_RECORD)
        if not _missing([migration], await _read_record(connection)):
            return False
        await _run(connection, migration)
        await connection.execute(_ADD_RECORD, migration.schema, migration.number, migration.name, migration.checksum)
    return True


async def _run(connection: Connection, migration: Migration) -> None:
    try:
        await connection.execute(f'create schema if not exists "{migration.schema}"')
        await connection.execute(migration.sql)
    except ColloquyError as error:
        raise MigrationFailed(f"{migration.label}: {error}") from error


async def _read_record(statements: Statements) -> _Record:
    if not await statements.fetchval(_HAS_RECORD):
        return {}
    rows = await statements.fetch(_READ_RECORD)
    return {(row["schema_name"], row["number"]): row["checksum"] for row in rows}


def _missing(wanted: Sequence[Migration], record: _Record) -> list[Migration]:
    """Which of the wanted files are not recorded. Raises MigrationChanged."""
    missing = []
    for migration in wanted:
        checksum = record.get((migration.schema, migration.number))
        if checksum is None:
            missing.append(migration)
        elif checksum != migration.checksum:
            raise MigrationChanged(migration.label)
    return missing


def _tell_of_newer(wanted: Sequence[Migration], record: _Record) -> None:
    """Log how far the tables are ahead. `wanted` has every file of its schemas, in order."""
    newest = {migration.schema: migration.number for migration in wanted}
    for schema, number in sorted(record):
        if schema in newest and number > newest[schema]:
            log.warning("tables.newer_than_release", schema=schema, number=number, known=newest[schema])
