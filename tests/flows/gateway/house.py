"""A running gateway on real PostgreSQL and a LocalBus, before a session service that plays fixed screens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.gateway.app import Parts, build
from services.gateway.letter_box import letter_box_of
from services.gateway.schema import SCHEMA
from services.gateway.settings import GatewaySettings
from shared.bus.cloudevents import Codec
from shared.bus.dead_letters import MemoryDeadLetters
from shared.bus.local import LocalBus
from shared.bus.outbox import Outbox, OutboxRelay
from shared.bus.schema import SCHEMA as BUS
from shared.contracts.catalog import message_types
from shared.crypto.keys import ServerKeys
from shared.files.schema import SCHEMA as FILES
from shared.kernel.clock import SystemClock
from shared.kernel.interview_path import InterviewPath
from shared.kernel.service import Service
from shared.mailbox.schema import SCHEMA as MAILBOX
from shared.people.schema import SCHEMA as PEOPLE
from shared.storage.database import Database
from shared.storage.migrations import migrate
from shared.stores.schema import SCHEMA as STORES
from tests.flows.gateway.plays import PLAYS
from tests.flows.gateway.session_double import Play, SessionDouble
from tests.servers import content_store


@dataclass
class House:
    """A gateway that listens, and what stands behind it."""

    url: str
    double: SessionDouble
    bus: LocalBus
    database: Database
    service: Service
    packages: Path
    _build: Callable[[int], Service]

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.service.components[-1].port)  # type: ignore[attr-defined]

    async def restart(self) -> None:
        """End this gateway and start another one at the same address; what stands behind it goes on."""
        port = self.port
        await self.service.stop()
        self.service = self._build(port)
        await self.service.start()


@asynccontextmanager
async def gateway_house(
    *,
    database_url: str,
    server_keys: ServerKeys,
    packages: Path,
    plays: Mapping[str, Play] | None = None,
    has_letter_box: bool = False,
    before_start: Callable[[LocalBus], object] | None = None,
    **settings: Any,
) -> AsyncIterator[House]:
    """Start one on a free port, and stop it."""
    clock = SystemClock()
    database = Database(url=database_url, maximum=4, wait_seconds=5.0)
    await database.start()
    await migrate(database, [SCHEMA, FILES, STORES, BUS, PEOPLE, MAILBOX])
    codec = Codec(types=message_types(), sealer=server_keys.transport)
    bus = LocalBus(
        codec=codec,
        clock=clock,
        dead_letters=MemoryDeadLetters(),
        drain_seconds=1.0,
    )
    double = SessionDouble(bus, dict(PLAYS if plays is None else plays))

    def make(port: int) -> Service:
        given = GatewaySettings.model_validate({"port": port, "drain_seconds": 1.0, **settings})
        parts = Parts(
            bus=bus,
            database=database,
            server_keys=server_keys,
            interviews=InterviewPath.of([packages]),
            contents=content_store(),
            outbox=Outbox(codec=codec),
            relay=OutboxRelay(database=database, bus=bus),
            letter_box=letter_box_of(given, database=database, server_keys=server_keys, clock=clock)
            if has_letter_box
            else None,
        )
        return build(given, parts)

    house = House("", double, bus, database, make(0), packages, make)
    if before_start is not None:
        before_start(bus)
    await bus.start()
    await house.service.start()
    house.url = f"http://127.0.0.1:{house.port}"
    try:
        yield house
    finally:
        await house.service.stop()
        await bus.stop()
        await database.stop()
