"""Which worlds the suite runs in, and a database with the tables of the bus."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import shared.bus
from shared.storage.database import Database
from shared.storage.migrations import SchemaFolder, migrate
from tests.contract.bus.worlds import LocalWorld, RabbitWorld, World

MIGRATIONS = SchemaFolder("bus", Path(shared.bus.__path__[0]) / "migrations")


@pytest.fixture
async def rabbit(amqp_url: str) -> AsyncIterator[RabbitWorld]:
    place = RabbitWorld(amqp_url)
    yield place
    await place.end()


@pytest.fixture(params=["local", "rabbit"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    place: LocalWorld | RabbitWorld = (
        LocalWorld() if request.param == "local" else RabbitWorld(request.getfixturevalue("amqp_url"))
    )
    yield place
    await place.end()


@pytest.fixture
async def tables(database: Database) -> Database:
    """The module's database with the tables of the bus, empty."""
    await migrate(database, [MIGRATIONS])
    await database.execute("truncate bus.outbox, bus.inbox, bus.blobs, bus.dead_letters restart identity")
    return database
