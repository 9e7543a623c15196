"""A turn that takes long while a response or error action wants to be saved: neither is lost (area1 §20)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.crypto.keys import ServerKeys
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player

pytestmark = pytest.mark.asyncio(loop_scope="module")

WAIT_SECONDS = 1.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> AsyncIterator[House]:
    """Whoever finds a session busy waits for one second, instead of four."""
    async with running_house(postgres_url, redis_url, server_keys, 3, lock_wait_seconds=WAIT_SECONDS) as running:
        yield running


@pytest.mark.parametrize("way", ["succeed", "fail"])
@pytest.mark.parametrize("seconds", [0.1, 1.0, 3.0], ids=["before it", "waited for", "overtaken"])
async def test_what_a_person_answers_and_what_a_task_saves_are_both_kept(
    house: House, seconds: float, way: str
) -> None:
    player = Player(house, "overlaps")
    await player.open(seconds=str(seconds), way=way)
    assert player.question == "Which color?"
    await player.answer(color="red")
    assert player.question == "Done"
    async with asyncio.timeout(60):
        while not (found := (await player.variables())["found"]):
            await asyncio.sleep(0.05)
    variables = await player.variables()
    assert found == ["an error" if way == "fail" else "a response"]
    assert (variables["color"], variables["slowly"]) == ("red", "red slowly")
    told = (await player.check_in()).commands
    assert told is not None
    assert [command.extra for command in told.value] == ["refresh"]
    await player.open()
    assert player.question == "Done"
    await player.back()
    assert player.question == "Which color?"
