"""Which worlds the suite runs in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contract.bus.worlds import LocalWorld, World


@pytest.fixture(params=["local"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    place = LocalWorld()
    yield place
    await place.end()
