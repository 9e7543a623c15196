"""What a process needs in order to talk: codec, bus, outbox and its relay, put together on a database.

`over_rabbit` for a service of its own, `in_process` where several services share one event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.bus.blobs_postgres import PostgresBlobs
from shared.bus.cloudevents import Codec
from shared.bus.dead_letters import DeadLetters
from shared.bus.housekeeping import BusHousekeeping
from shared.bus.local import LocalBus
from shared.bus.outbox import Outbox, OutboxRelay
from shared.bus.port import Bus
from shared.bus.rabbit import RabbitBus
from shared.bus.topology import Topology
from shared.contracts.base import Sealer
from shared.contracts.catalog import message_types
from shared.kernel.clock import Clock
from shared.kernel.service import Component
from shared.kernel.settings import Settings
from shared.kernel.telemetry import Metrics
from shared.storage.database import Database


@dataclass(frozen=True, kw_only=True)
class Messaging:
    """Everything around one bus."""

    codec: Codec
    bus: Bus
    outbox: Outbox
    relay: OutboxRelay
    housekeeping: BusHousekeeping

    @property
    def components(self) -> Sequence[Component]:
        """In the order they start: the relay stops last, and still deletes what handlers in hand have finished."""
        return (self.relay, self.bus, self.housekeeping)


def over_rabbit(
    settings: Settings,
    *,
    database: Database,
    sealer: Sealer,
    clock: Clock,
    source: str,
    metrics: Metrics | None = None,
) -> Messaging:
    """On the RabbitMQ of the settings."""
    blobs = PostgresBlobs(database=database, clock=clock)
    codec = Codec(types=message_types(), sealer=sealer, blobs=blobs)
    bus = RabbitBus(
        url=settings.amqp_url,
        codec=codec,
        clock=clock,
        source=source,
        topology=Topology(prefix=settings.amqp_prefix),
        dead_letters=DeadLetters(database=database, clock=clock),
        wait_seconds=settings.start_wait_seconds,
        drain_seconds=settings.drain_seconds,
        metrics=metrics,
    )
    return _around(bus, codec=codec, blobs=blobs, database=database, clock=clock)


def in_process(
    *,
    database: Database,
    sealer: Sealer,
    clock: Clock,
    source: str,
    drain_seconds: float = 10.0,
    metrics: Metrics | None = None,
) -> Messaging:
    """On a bus inside this process."""
    blobs = PostgresBlobs(database=database, clock=clock)
    codec = Codec(types=message_types(), sealer=sealer, blobs=blobs)
    bus = LocalBus(
        codec=codec,
        clock=clock,
        dead_letters=DeadLetters(database=database, clock=clock),
        source=source,
        drain_seconds=drain_seconds,
        metrics=metrics,
    )
    return _around(bus, codec=codec, blobs=blobs, database=database, clock=clock)


def _around(bus: Bus, *, codec: Codec, blobs: PostgresBlobs, database: Database, clock: Clock) -> Messaging:
    return Messaging(
        codec=codec,
        bus=bus,
        outbox=Outbox(codec=codec),
        relay=OutboxRelay(database=database, bus=bus),
        housekeeping=BusHousekeeping(database=database, blobs=blobs, clock=clock),
    )
