"""All five services in one event loop on one bus, with PostgreSQL and Redis of their own: `colloquy up`.

The same `build` functions as in five processes; only the parts differ. What a URL is given for is used, what none is
given for is brought along: PostgreSQL and Redis in the data folder, the bus inside this process.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any

import structlog

import services.gateway.app as gateway
import services.mail.app as mail
import services.scheduler.app as scheduler
import services.session.app as session
import services.worker.app as worker
from services.gateway.letter_box import letter_box_of
from services.gateway.settings import GatewaySettings
from services.installation import author_databases, bring_up_to_date, interview_folders, start_stores
from services.mail.settings import MailSettings
from services.scheduler.settings import SchedulerSettings
from services.session.settings import SessionSettings
from services.worker.settings import WorkerSettings
from shared.bus.messaging import Messaging, in_process, over_rabbit
from shared.crypto.keys import ServerKeys
from shared.evaluation.pool import PoolSettings, ProcessPool
from shared.evaluation.programs import programs_of
from shared.files.room import content_store
from shared.kernel.clock import SystemClock
from shared.kernel.interview_path import InterviewPath
from shared.kernel.service import Service, run_until_signalled
from shared.kernel.settings import Settings
from shared.kernel.telemetry import Metrics
from shared.storage.database import Database
from shared.storage.redis import Redis

log = structlog.get_logger()

SOURCE = "colloquy"


def mail_settings(given: Mapping[str, Any]) -> MailSettings:
    """The settings of the mail service. A usual port that is taken gives way to a free one, and the log says which: two
    installations may be tried out on one machine. Raises what loading settings raises.
    """
    settings = MailSettings.load(**given)
    if "smtp_port" in settings.model_fields_set:
        return settings
    for port in (settings.smtp_port, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.smtp_host, port))
            except OSError:
                continue
            found = int(probe.getsockname()[1])
        if found != settings.smtp_port:
            log.warning("smtp.usual_port_is_taken", usual=settings.smtp_port, used=found)
        return settings.model_copy(update={"smtp_port": found})
    return settings  # the address itself is wrong: listening there will say so


def assemble(
    settings: Settings,
    *,
    database_url: str,
    redis_url: str,
    author_redis_url: str = "",
    author_databases: Mapping[str, str] | None = None,
) -> list[Service]:
    """The services in the order they start: what all stand on, the four behind, the messages, the gateway."""
    clock = SystemClock()
    keys = ServerKeys.load(settings.key_file, create=True)
    folders = interview_folders(settings)
    path = InterviewPath.of(folders)
    given: dict[str, Any] = {
        "database_url": database_url,
        "redis_url": redis_url,
        "author_redis_url": author_redis_url,
        "author_databases": dict(settings.author_databases if author_databases is None else author_databases),
        "interview_path": folders,
    }
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
    metrics = Metrics()
    database.report_to(metrics)
    messaging = _messaging(settings, database=database, keys=keys, clock=clock, metrics=metrics)
    programs = programs_of(settings)
    interviews = ProcessPool(
        settings=PoolSettings(size=for_session.interview_processes, max_idle=for_session.interview_idle_processes),
        folders=folders,
        config=settings.interview_config,
        programs=programs,
    )
    tasks = ProcessPool(
        settings=worker.pool_settings(for_worker),
        folders=folders,
        config=settings.interview_config,
        programs=programs,
    )
    interviews.report_to(metrics, pool="interviews")
    tasks.report_to(metrics, pool="tasks")
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
                metrics=metrics,
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
                metrics=metrics,
            ),
        ),
        scheduler.build(
            SchedulerSettings.load(**given),
            scheduler.Parts(
                bus=bus,
                database=database,
                server_keys=keys,
                outbox=messaging.outbox,
                relay=messaging.relay,
                clock=clock,
                metrics=metrics,
            ),
        ),
        mail.build(
            mail_settings(given),
            mail.Parts(
                bus=bus,
                database=database,
                server_keys=keys,
                outbox=messaging.outbox,
                relay=messaging.relay,
                contents=contents,
                clock=clock,
                metrics=metrics,
            ),
        ),
    ]
    front = gateway.build(
        for_gateway,
        gateway.Parts(
            bus=bus,
            database=database,
            server_keys=keys,
            interviews=path,
            contents=contents,
            outbox=messaging.outbox,
            relay=messaging.relay,
            clock=clock,
            metrics=metrics,
            neighbours=tuple(behind),
            letter_box=letter_box_of(for_gateway, database=database, server_keys=keys, clock=clock),
        ),
    )
    foundation = Service(name="foundation", components=(interviews, tasks, database, redis))
    messages = Service(name="messages", components=tuple(messaging.components))
    return [foundation, *behind, messages, front]


def _messaging(
    settings: Settings, *, database: Database, keys: ServerKeys, clock: SystemClock, metrics: Metrics
) -> Messaging:
    if not settings.amqp_url:
        return in_process(
            database=database,
            sealer=keys.transport,
            clock=clock,
            source=SOURCE,
            drain_seconds=settings.drain_seconds,
            metrics=metrics,
        )
    return over_rabbit(
        settings,
        database=database,
        sealer=keys.transport,
        clock=clock,
        source=SOURCE,
        metrics=metrics,
    )


async def up(settings: Settings, *, announce: Callable[[str], None]) -> None:
    """Run everything until SIGINT or SIGTERM; `announce` is told the address once forms can be answered."""
    stores = await start_stores(settings)
    try:
        await bring_up_to_date(stores.database_url, wait_seconds=settings.start_wait_seconds)
        running = assemble(
            settings,
            database_url=stores.database_url,
            redis_url=stores.redis_url,
            author_redis_url=stores.author_redis_url,
            author_databases=await author_databases(settings, stores),
        )
        address = GatewaySettings.load()

        async def ready() -> None:
            announce(address.public_url or f"http://{address.host}:{address.port}/")

        await run_until_signalled(running, ready=ready)
    finally:
        await stores.started.stop()
        sys.stderr.flush()
