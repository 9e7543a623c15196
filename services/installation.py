"""This installation: where its database, its Redis and its interviews are, and the tables of every room.

What has a URL in the settings is used; what has none is brought along, in the data folder.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import services.gateway.schema
import services.mail.schema
import services.scheduler.schema
import services.session.schema
import shared.bus.schema
import shared.files.schema
import shared.mailbox.schema
import shared.people.schema
import shared.stores.schema
import shared.tasks.schema
from shared.kernel.ids import new_token
from shared.kernel.service import Service
from shared.kernel.settings import Settings
from shared.storage.child import DataFolderInUse
from shared.storage.database import Database
from shared.storage.embedded_postgres import EmbeddedPostgres, url_of_running
from shared.storage.embedded_redis import EmbeddedRedis
from shared.storage.migrations import SchemaFolder, migrate
from shared.stores.reader import READER, make_reader

_SNAPSHOTS = "snapshots"
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

SCHEMAS: tuple[SchemaFolder, ...] = (
    services.session.schema.SCHEMA,
    services.gateway.schema.SCHEMA,
    services.scheduler.schema.SCHEMA,
    services.mail.schema.SCHEMA,
    shared.bus.schema.SCHEMA,
    shared.tasks.schema.SCHEMA,
    shared.people.schema.SCHEMA,
    shared.files.schema.SCHEMA,
    shared.stores.schema.SCHEMA,
    shared.mailbox.schema.SCHEMA,
)
"""Every table of the system, by owner."""


def interview_folders(settings: Settings) -> tuple[Path, ...]:
    """The folders given in the settings, then our examples."""
    return (*settings.interview_path, *([EXAMPLES] if EXAMPLES.is_dir() else []))


@dataclass(frozen=True, kw_only=True)
class Stores:
    """Where the database and Redis are, and what was started for it."""

    database_url: str
    redis_url: str
    author_redis_url: str
    started: Service
    postgres: EmbeddedPostgres | None = None
    """Ours, if there was no URL of another."""


async def start_stores(settings: Settings) -> Stores:
    """Start what no URL was given for. Raises the errors of the embedded servers; what was started is stopped then."""
    brought: list[EmbeddedPostgres | EmbeddedRedis] = []
    postgres = None
    if not settings.database_url:
        postgres = EmbeddedPostgres(data_dir=settings.data_dir, has_port=_SNAPSHOTS not in settings.author_databases)
        brought.append(postgres)
    if not settings.redis_url:
        brought.append(EmbeddedRedis(data_dir=settings.data_dir))
    authors = None
    if not settings.author_redis_url:
        # A server of its own: interview code may do there whatever it likes.
        authors = EmbeddedRedis(data_dir=settings.data_dir, name="author-redis", has_port=True)
    started = Service(name="stores", components=[*brought, *([authors] if authors else [])])
    await started.start()
    urls = {type(server): server.url for server in brought}
    return Stores(
        database_url=settings.database_url or urls[EmbeddedPostgres],
        redis_url=settings.redis_url or urls[EmbeddedRedis],
        author_redis_url=authors.url if authors else settings.author_redis_url,
        started=started,
        postgres=postgres,
    )


async def author_databases(settings: Settings, stores: Stores) -> dict[str, str]:
    """The databases of interviews: those of the settings, and our own for who queries snapshots.

    The role gets a new password with each start: nobody has to keep it.
    """
    found = dict(settings.author_databases)
    if stores.postgres is None or _SNAPSHOTS in found:
        return found
    database = Database(url=stores.database_url, maximum=1, application_name="colloquy roles")
    await database.start()
    try:
        password = new_token(24)
        await make_reader(database, password)
    finally:
        await database.stop()
    return {**found, _SNAPSHOTS: stores.postgres.url_for(READER, password)}


async def bring_up_to_date(database_url: str, *, wait_seconds: float) -> Sequence[str]:
    """Apply the migrations of every room; the names of those applied now."""
    database = Database(url=database_url, maximum=1, application_name="colloquy migrate", wait_seconds=wait_seconds)
    await database.start()
    try:
        return await migrate(database, SCHEMAS)
    finally:
        await database.stop()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The database of this installation, also while it runs: then that of the process that has the data folder."""
    async with addressed(settings) as url:
        database = Database(url=url, maximum=1, wait_seconds=5, application_name="colloquy command")
        try:
            await database.start()
            yield database
        finally:
            await database.stop()


@asynccontextmanager
async def addressed(settings: Settings) -> AsyncIterator[str]:
    """Where that database is, with its password, for as long as the block lasts."""
    started: Service | None = None
    try:
        stores = await start_stores(settings)
        url, started = stores.database_url, stores.started
    except DataFolderInUse:
        running = url_of_running(settings.data_dir)
        if running is None:
            raise
        url = running
    try:
        yield url
    finally:
        if started is not None:
            await started.stop()


async def on_database(ask: Callable[[Database], Any]) -> Any:
    """Do something with it."""
    async with opened(Settings.load()) as database:
        return await ask(database)
