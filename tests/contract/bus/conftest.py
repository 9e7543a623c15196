"""Which worlds the suite runs in."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from tests.contract.bus.worlds import LocalWorld, RabbitWorld, World


@pytest.fixture
def amqp_url() -> str:
    return os.environ.get("COLLOQUY_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672/")


@pytest.fixture
async def rabbit(amqp_url: str) -> AsyncIterator[RabbitWorld]:
    place = RabbitWorld(amqp_url)
    yield place
    await place.end()


@pytest.fixture(params=["local", "rabbit"])
async def world(request: pytest.FixtureRequest, amqp_url: str) -> AsyncIterator[World]:
    place = LocalWorld() if request.param == "local" else RabbitWorld(amqp_url)
    yield place
    await place.end()
