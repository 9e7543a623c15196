"""A response action ends its own task, whatever else it asks for: nobody waits for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.crypto.keys import ServerKeys
from tests.fault.rig import Browser, Rig, running_rig
from tests.unit.session.test_background import ended, launch


@pytest.fixture
async def rig(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> AsyncIterator[Rig]:
    async with running_rig(postgres_url, redis_url, server_keys, has_worker=True) as running:
        yield running


async def test_a_response_action_that_revokes_its_own_task_is_saved_and_ends_it(browser: Browser, rig: Rig) -> None:
    await browser.open()
    task_id = await launch(browser, {"response_action": {"token": "from-task", "revoke": "own"}})
    assert await ended(rig, task_id) == "succeeded"
    assert await browser.log() == ["from-task"]


async def test_a_response_action_that_asks_to_start_over_still_ends_its_task(browser: Browser, rig: Rig) -> None:
    """The engine makes an end of the session of it; what comes out of an interview process need not be the engine's."""
    await browser.open()
    task_id = await launch(browser, {"response_action": {"restart": "yes"}})
    assert await ended(rig, task_id) == "succeeded"
