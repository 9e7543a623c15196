"""A running gateway on real PostgreSQL and a LocalBus, before a session service that plays fixed screens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.gateway.app import Parts, build
from services.gateway.schema import SCHEMA
from services.gateway.settings import GatewaySettings
from shared.bus.cloudevents import Codec
from shared.bus.dead_letters import MemoryDeadLetters
from shared.bus.local import LocalBus
from shared.contracts.catalog import message_types
from shared.crypto.keys import ServerKeys
from shared.files.schema import SCHEMA as FILES
from shared.kernel.clock import SystemClock
from shared.kernel.interview_path import InterviewPath
from shared.kernel.service import Service
from shared.storage.database import Database
from shared.storage.migrations import migrate
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


@asynccontextmanager
async def gateway_house(
    *,
    database_url: str,
    server_keys: ServerKeys,
    packages: Path,
    plays: Mapping[str, Play] | None = None,
    **settings: Any,
) -> AsyncIterator[House]:
    """Start one on a free port, and stop it."""
    clock = SystemClock()
    database = Database(url=database_url, maximum=4, wait_seconds=5.0)
    await database.start()
    await migrate(database, [SCHEMA, FILES])
    bus = LocalBus(
        codec=Codec(types=message_types(), sealer=server_keys.transport),
        clock=clock,
        dead_letters=MemoryDeadLetters(),
        drain_seconds=1.0,
    )
    double = SessionDouble(bus, dict(PLAYS if plays is None else plays))
    given = GatewaySettings.model_validate({"port": 0, "drain_seconds": 1.0, **settings})
    interviews = InterviewPath.of([packages])
    service = build(
        given,
        Parts(bus=bus, database=database, server_keys=server_keys, interviews=interviews, contents=content_store()),
    )
    await bus.start()
    await service.start()
    port = service.components[-1].port  # type: ignore[attr-defined]
    try:
        yield House(f"http://127.0.0.1:{port}", double, bus, database, service, packages)
    finally:
        await service.stop()
        await bus.stop()
        await database.stop()
