"""What goes wrong elsewhere and must not here, as far as no other test shows it (spec/area2 §13)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.contracts.session import DeletedSessions, DeleteInactive
from shared.crypto.keys import ServerKeys
from tests.fault.rig import new_visitor
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> AsyncIterator[House]:
    async with running_house(postgres_url, redis_url, server_keys, 2) as running:
        yield running


async def opened(house: House, name: str = "stores") -> Player:
    player = Player(house, name)
    await player.open()
    return player


async def test_bytes_come_back_as_bytes_from_every_store(house: House) -> None:
    assert await (await opened(house)).act("bytes_back") == [repr(b"text as bytes")] * 3


async def test_anything_can_be_stashed_not_only_a_dictionary(house: House) -> None:
    assert await (await opened(house)).act("any_object") == [["a", 1], 5, "text", None]


async def test_an_action_that_says_overwrite_adds_no_step_from_outside(house: House) -> None:
    player = await opened(house)
    for _ in range(2):
        await player.run("add_in_place")
    await player.open()
    assert (player.reply.steps, (await player.variables())["counted"]) == (1, 2)


async def test_callers_without_cookies_leave_nothing_behind_in_the_answers(house: House) -> None:
    player = await opened(house, "outside")
    code = await player.act("create", shared="yes")
    sizes = set()
    for _ in range(5):
        caller = Player(house, "inside", new_visitor(), code)
        read = await caller.variables()
        assert read["counter"] == 0
        internal = (await player.act("read", code=code))["_internal"]
        sizes.add(sum(len(internal.get(name) or {}) for name in ("device_local", "session_local", "user_local")))
    assert len(sizes) == 1


async def test_arguments_of_a_made_session_keep_their_letters(house: House) -> None:
    player = await opened(house, "outside")
    made = Player(house, "inside", player.visitor, await player.act("create"))
    await made.open()
    assert (await made.variables())["url_args"]["from"] == "é"


async def test_a_session_that_was_forgotten_is_deleted_and_its_snapshot_stays(house: House) -> None:
    player = await opened(house)
    await player.act("snapshot", favorite="fig", key="forgotten")
    session_id = player.reply.session_id
    await house.database.execute(
        "update session.sessions set modified_at = now() - interval '90 days' where id = $1", session_id
    )
    await house.bus.request(DeleteInactive(), DeletedSessions, timeout_seconds=60)
    assert not await house.database.fetchval("select 1 from session.sessions where id = $1", session_id)
    assert await house.database.fetchval("select 1 from stores.jsonstorage where key = $1", player.code) == 1
