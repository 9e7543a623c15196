"""All five services in one event loop on one bus, with PostgreSQL and Redis of their own: `colloquy up`.

The same `build` functions as in five processes; only the parts differ. What a URL is given for is used, what none is
given for is brought along: PostgreSQL and Redis in the data folder, the bus inside this process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

import services.gateway.app as gateway
import services.gateway.schema
import services.mail.app as mail
import services.mail.schema
import services.scheduler.app as scheduler
import services.scheduler.schema
import services.session.app as session
import services.session.schema
import services.worker.app as worker
import shared.bus.schema
import shared.files.schema
import shared.mailbox.schema
import shared.people.schema
import shared.stores.schema
import shared.tasks.schema
from services.gateway.settings import GatewaySettings
from services.mail.settings import MailSettings
from services.scheduler.settings import SchedulerSettings
from services.session.settings import SessionSettings
from services.worker.settings import WorkerSettings
from shared.bus.messaging import Messaging, in_process, over_rabbit
from shared.crypto.keys import ServerKeys
from shared.evaluation.pool import PoolSettings, ProcessPool
from shared.files.room import content_store
from shared.kernel.clock import SystemClock
from shared.kernel.interview_path import InterviewPath
from shared.kernel.service import Service, run_until_signalled
from shared.kernel.settings import Settings
from shared.storage.database import Database
from shared.storage.embedded_postgres import EmbeddedPostgres
from shared.storage.embedded_redis import EmbeddedRedis
from shared.storage.migrations import SchemaFolder, migrate
from shared.storage.redis import Redis

log = structlog.get_logger()

SOURCE = "colloquy"
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
    started: Service


async def start_stores(settings: Settings) -> Stores:
    """Start what no URL was given for. Raises the errors of the embedded servers; what was started is stopped then."""
    brought: list[EmbeddedPostgres | EmbeddedRedis] = []
    if not settings.database_url:
        brought.append(EmbeddedPostgres(data_dir=settings.data_dir))
    if not settings.redis_url:
        brought.append(EmbeddedRedis(data_dir=settings.data_dir))
    started = Service(name="stores", components=brought)
    await started.start()
    urls = {type(server): server.url for server in brought}
    return Stores(
        database_url=settings.database_url or urls[EmbeddedPostgres],
        redis_url=settings.redis_url or urls[EmbeddedRedis],
        started=started,
    )


def assemble(settings: Settings, *, database_url: str, redis_url: str) -> list[Service]:
    """The services in the order they start: what all stand on, the four behind, the messages, the gateway."""
    clock = SystemClock()
    keys = ServerKeys.load(settings.key_file, create=True)
    folders = interview_folders(settings)
    path = InterviewPath.of(folders)
    given: dict[str, Any] = {"database_url": database_url, "redis_url": redis_url, "interview_path": folders}
    for_session, for_worker = SessionSettings.load(**given), WorkerSettings.load(**given)
    for_gateway = GatewaySettings.load(**given)
    database = Database(
        url=database_url,
        maximum=settings.database_pool_size,
        application_name="colloquy",
        wait_seconds=settings.start_wait_seconds,
    )
    redis = Redis(url=redis_url, wait_seconds=settings.start_wait_seconds)
    contents = content_store(settings)
    messaging = _messaging(settings, database=database, keys=keys, clock=clock)
    interviews = ProcessPool(
        settings=PoolSettings(size=for_session.interview_processes, max_idle=for_session.interview_idle_processes),
        folders=folders,
    )
    tasks = ProcessPool(
        settings=PoolSettings(size=for_worker.worker_processes, max_idle=for_worker.interview_idle_processes),
        folders=folders,
    )
    bus = messaging.bus
    behind = [
        session.build(
            for_session,
            session.Parts(
                database=database,
                redis=redis,
                bus=bus,
                codec=messaging.codec,
                relay=messaging.relay,
                server_keys=keys,
                evaluator=interviews,
                interviews=path,
                contents=contents,
                clock=clock,
            ),
        ),
        worker.build(
            for_worker,
            worker.Parts(
                bus=bus,
                database=database,
                keys=keys,
                evaluator=tasks,
                outbox=messaging.outbox,
                relay=messaging.relay,
                contents=contents,
                clock=clock,
            ),
        ),
        scheduler.build(SchedulerSettings.load(**given), scheduler.Parts(bus=bus, database=database, clock=clock)),
        mail.build(MailSettings.load(**given), mail.Parts(bus=bus, database=database, clock=clock)),
    ]
    front = gateway.build(
        for_gateway,
        gateway.Parts(
            bus=bus,
            database=database,
            server_keys=keys,
            interviews=path,
            contents=contents,
            clock=clock,
            neighbours=tuple(behind),
        ),
    )
    foundation = Service(name="foundation", components=(interviews, tasks, database, redis))
    messages = Service(name="messages", components=tuple(messaging.components))
    return [foundation, *behind, messages, front]


def _messaging(settings: Settings, *, database: Database, keys: ServerKeys, clock: SystemClock) -> Messaging:
    if not settings.amqp_url:
        return in_process(database=database, sealer=keys.transport, clock=clock, source=SOURCE)
    return over_rabbit(
        settings,
        database=database,
        sealer=keys.transport,
        clock=clock,
        source=SOURCE,
    )


async def bring_up_to_date(database_url: str, *, wait_seconds: float) -> Sequence[str]:
    """Apply the migrations of every room; the names of those applied now."""
    database = Database(url=database_url, maximum=1, application_name="colloquy migrate", wait_seconds=wait_seconds)
    await database.start()
    try:
        return await migrate(database, SCHEMAS)
    finally:
        await database.stop()


async def up(settings: Settings, *, announce: Callable[[str], None]) -> None:
    """Run everything until SIGINT or SIGTERM; `announce` is told the address once forms can be answered."""
    stores = await start_stores(settings)
    try:
        await bring_up_to_date(stores.database_url, wait_seconds=settings.start_wait_seconds)
        running = assemble(settings, database_url=stores.database_url, redis_url=stores.redis_url)
        address = GatewaySettings.load()

        async def ready() -> None:
            announce(address.public_url or f"http://{address.host}:{address.port}/")

        await run_until_signalled(running, ready=ready)
    finally:
        await stores.started.stop()
        sys.stderr.flush()
