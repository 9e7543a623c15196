"""A turn that runs again, or starts its session over, writes to stores exactly once (spec/area2 §9; DESIGN §1.4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.session.checkpoint import Moment
from shared.crypto.keys import ServerKeys
from shared.kernel.ids import SessionId, new_code
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Overtaking:
    """Holds the first run of a session until somebody else has saved it."""

    def __init__(self) -> None:
        self.session_id = ""
        self.runs = 0
        self.is_held, self.goes_on = asyncio.Event(), asyncio.Event()

    def watch(self, session_id: str) -> None:
        self.session_id, self.runs = session_id, 0
        self.is_held.clear()
        self.goes_on.clear()

    async def reached(self, moment: Moment, session_id: SessionId) -> None:
        if moment == "evaluated" and session_id == self.session_id:
            self.runs += 1
            if self.runs == 1:
                self.is_held.set()
                await self.goes_on.wait()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def overtaking() -> Overtaking:
    return Overtaking()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(
    postgres_url: str, redis_url: str, server_keys: ServerKeys, overtaking: Overtaking
) -> AsyncIterator[House]:
    async with running_house(
        postgres_url, redis_url, server_keys, 2, checkpoint=overtaking, lock_wait_seconds=0.2
    ) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def player(house: House) -> Player:
    player = Player(house, "doubling")
    await player.open(case=new_code())
    return player


async def test_a_turn_that_was_overtaken_runs_again_and_writes_once(
    house: House, overtaking: Overtaking, player: Player
) -> None:
    overtaking.watch(player.reply.session_id)
    late = asyncio.ensure_future(player.act("write_everything"))
    async with asyncio.timeout(30):
        await overtaking.is_held.wait()
    try:
        other = Player(house, "doubling", player.visitor, player.code)
        assert await other.act("touch") is True
    finally:
        overtaking.goes_on.set()
    assert await late == 1
    assert overtaking.runs == 3  # the one that was refused, the other one, and the one that ran again
    told = await player.act("tell")
    assert told == {
        "kept": 1, "records": 1, "shared": 1, "performed": 1, "touched": True, "started": 1, "own": None
    }  # fmt: skip
    query = "select count(*) from stores.jsonstorage where key = $1"
    assert await house.database.fetchval(query, player.code) == 1


async def test_what_was_written_before_starting_over_is_kept_and_seen_by_the_new_session(player: Player) -> None:
    await player.click("write_and_restart")
    assert (player.question, player.reply.steps) == ("Ready", 1)
    told = await player.act("tell")
    assert (told["kept"], told["records"], told["started"]) == ("before", 1, 11)
    assert told["own"] is None  # what is kept for a session goes when it starts over


async def test_what_was_written_before_the_end_of_a_session_is_kept(house: House, player: Player) -> None:
    case = (await player.variables())["url_args"]["case"]
    await player.click("write_and_exit")
    assert not await house.database.fetchval("select 1 from session.sessions where id = $1", player.reply.session_id)
    after = Player(house, "doubling")
    await after.open(case=case)
    assert (await after.act("tell"))["records"] == 1
