"""Put the scheduler service together: which parts it needs, and what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.scheduler.checkpoint import Checkpoint, Unwatched
from services.scheduler.handlers import HANDLERS
from services.scheduler.measures import TickerMeasures
from services.scheduler.schema import SCHEMA
from services.scheduler.settings import SchedulerSettings
from services.scheduler.ticker import Ticker, TickerParts
from shared.bus.dispatch import consumers
from shared.bus.messaging import over_rabbit
from shared.bus.outbox import Outbox, OutboxRelay
from shared.bus.port import Bus
from shared.bus.schema import SCHEMA as BUS
from shared.contracts.envelope import Envelopes
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.now_and_then import NowAndThen
from shared.kernel.service import Component, Service
from shared.kernel.telemetry import Metrics
from shared.people.schema import SCHEMA as PEOPLE
from shared.storage.database import Database
from shared.storage.migrations import TablesCheck

SOURCE = "scheduler"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the scheduler service stands on."""

    bus: Bus
    database: Database
    server_keys: ServerKeys
    outbox: Outbox
    relay: OutboxRelay
    clock: Clock = field(default_factory=SystemClock)
    checkpoint: Checkpoint = field(default_factory=Unwatched)
    metrics: Metrics = field(default_factory=Metrics)
    own: Sequence[Component] = ()
    """Those that start and stop with the service; empty when somebody else looks after them."""


def parts_from(settings: SchedulerSettings) -> Parts:
    """The parts of a process of its own, on PostgreSQL and RabbitMQ."""
    clock = SystemClock()
    database = Database(
        url=settings.database_url,
        maximum=settings.database_pool_size,
        application_name="colloquy scheduler",
        wait_seconds=settings.start_wait_seconds,
    )
    server_keys = ServerKeys.load(settings.key_file)
    metrics = Metrics()
    database.report_to(metrics)
    messaging = over_rabbit(
        settings,
        database=database,
        sealer=server_keys.transport,
        clock=clock,
        source=SOURCE,
        metrics=metrics,
    )
    tables = TablesCheck(database=database, folders=(SCHEMA, BUS, PEOPLE))
    return Parts(
        bus=messaging.bus,
        database=database,
        server_keys=server_keys,
        outbox=messaging.outbox,
        relay=messaging.relay,
        clock=clock,
        metrics=metrics,
        own=(database, tables, *messaging.components),
    )


def build(settings: SchedulerSettings, parts: Parts) -> Service:
    """The scheduler service; works through its queues once it is started."""
    measures = TickerMeasures(parts.metrics)
    ticker = Ticker(
        TickerParts(
            database=parts.database,
            outbox=parts.outbox,
            envelopes=Envelopes(SOURCE, parts.clock),
            wake_relay=parts.relay.wake,
            sealer=parts.server_keys.at_rest,
            clock=parts.clock,
            rules=settings.timetable(),
            url_root=(settings.public_url or "http://localhost").rstrip("/") + "/",
            checkpoint=parts.checkpoint,
            measures=measures,
        )
    )
    handled_by = {
        "database": parts.database,
        "sealer": parts.server_keys.at_rest,
        "clock": parts.clock,
        "ticker": ticker,
    }
    for consumer in consumers(HANDLERS, parts=handled_by):
        parts.bus.consume(consumer)
    gauges = NowAndThen(
        "count timers",
        lambda: measures.look(parts.database, now=parts.clock.now()),
        every_seconds=settings.metrics_seconds,
        clock=parts.clock,
    )
    return Service(
        name=SOURCE,
        components=(*parts.own, ticker, gauges),
        checks={"database": parts.database.problem, "bus": parts.bus.problem, "outbox": parts.relay.problem},
    )
