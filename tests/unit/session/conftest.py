"""A running session service for each test, on the module's own database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.crypto.keys import ServerKeys
from tests.fault.rig import Browser, Rig, running_rig


@pytest.fixture
async def rig(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> AsyncIterator[Rig]:
    async with running_rig(postgres_url, redis_url, server_keys) as running:
        yield running


@pytest.fixture
async def browser(rig: Rig) -> Browser:
    return Browser(rig.bus)
