"""Put the mail service together: which parts it needs, and what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.mail.handlers import HANDLERS
from services.mail.schema import SCHEMA
from services.mail.settings import MailSettings
from shared.bus.dispatch import consumers
from shared.bus.messaging import over_rabbit
from shared.bus.port import Bus
from shared.bus.schema import SCHEMA as BUS
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.service import Component, Service
from shared.storage.database import Database
from shared.storage.migrations import TablesCheck

SOURCE = "mail"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the mail service stands on."""

    bus: Bus
    database: Database
    clock: Clock = field(default_factory=SystemClock)
    own: Sequence[Component] = ()
    """Those that start and stop with the service; empty when somebody else looks after them."""


def parts_from(settings: MailSettings) -> Parts:
    """The parts of a process of its own, on PostgreSQL and RabbitMQ."""
    clock = SystemClock()
    database = Database(
        url=settings.database_url,
        maximum=settings.database_pool_size,
        application_name="colloquy mail",
        wait_seconds=settings.start_wait_seconds,
    )
    messaging = over_rabbit(
        settings,
        database=database,
        sealer=ServerKeys.load(settings.key_file).transport,
        clock=clock,
        source=SOURCE,
    )
    tables = TablesCheck(database=database, folders=(SCHEMA, BUS))
    return Parts(bus=messaging.bus, database=database, clock=clock, own=(database, tables, *messaging.components))


def build(settings: MailSettings, parts: Parts) -> Service:
    """The mail service; works through its queues once it is started."""
    for consumer in consumers(HANDLERS, parts={"settings": settings}):
        parts.bus.consume(consumer)
    return Service(
        name=SOURCE, components=parts.own, checks={"database": parts.database.problem, "bus": parts.bus.problem}
    )
