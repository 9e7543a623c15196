"""What sessions teach each other: examples in the stores, and what is predicted from them (spec/coverage F21)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.crypto.keys import ServerKeys
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> AsyncIterator[House]:
    async with running_house(postgres_url, redis_url, server_keys, 2, author_redis_url=redis_url) as running:
        yield running


async def opened(house: House) -> Player:
    player = Player(house, "learning")
    await player.open()
    return player


async def test_a_field_tells_what_its_text_is_about_and_keeps_it_for_training(house: House) -> None:
    player = await opened(house)
    await player.answer(topic="My heating is broken", secret="sesame")
    assert player.question == "repairs 1 My heating is broken, None []"
    known, unknown, _ = await player.act("look", group="begun")
    assert [one[1] for one in known][-1] == "A notice says that I have to leave"
    assert unknown == [[5, "My heating is broken"]]
    assert await player.act("look", group="secrets") == [[], [], True]


async def test_what_one_session_adds_another_classifies(house: House) -> None:
    one, other = await opened(house), await opened(house)
    assert await one.act("add", group="letters", text="Dear Sir", label="formal") == [1, False, ["formal"]]
    assert await other.act("add", group="letters", text="Hi there", label="friendly") == [
        2,
        False,
        ["formal", "friendly"],
    ]
    assert await one.act("leave", group="letters", text="Hi Bob") == 3
    assert await other.act("leave", group="letters", text="Hi Bob") == 3
    assert await other.act("classify", group="letters", label="curt") == [["friendly", "formal"], "curt", True]
    assert await one.act("look", group="letters") == [
        [[1, "Dear Sir", "formal"], [2, "Hi there", "friendly"], [3, "Hi Bob", "curt"]],
        [],
        False,
    ]


async def test_what_is_deleted_stays_deleted_and_nothing_is_predicted_from_nothing(house: House) -> None:
    player = await opened(house)
    for label in ("a", "b"):
        await player.act("add", group="short", text=f"word {label}", label=label)
    assert await player.act("delete", group="short", number=1) == 1
    assert await player.act("ask", group="short", text="word") == [["b"], "b"]
    assert await player.act("delete", group="short") == 0
    assert await player.act("ask", group="short", text="word") == [[], None]


async def test_a_training_set_leaves_as_an_initial_file_takes_it(house: House) -> None:
    as_json, as_yaml = await (await opened(house)).act("export")
    assert json.loads(as_json) == [
        {"dependent": "repairs", "independent": "Water drips from the broken pipe", "key": "wet"}
    ]
    assert "dependent: repairs" in as_yaml


async def test_mistakes_name_the_file_and_the_entry(house: House) -> None:
    player = await opened(house)
    assert "nowhere.json" in await player.act("missing")
    assert "no entry 4711" in await player.act("stranger")


async def test_forests_and_support_vectors_learn_within_the_limits_of_interviews(house: House) -> None:
    found = await (await opened(house)).act("fruit")
    matrix = {"repairs": {"repairs": 2, "eviction": 0}, "eviction": {"repairs": 0, "eviction": 2}}
    assert found == ["melon", 1.0, "repairs", matrix]
