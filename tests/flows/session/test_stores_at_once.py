"""Two sessions that read and write the same thing at once: what comes out is what one after the other would have given.

One of them is held when its code has run and nothing is saved yet; the other one does its whole turn meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
import pytest_asyncio

from services.session.checkpoint import Moment
from shared.crypto.keys import ServerKeys
from shared.kernel.ids import SessionId, new_code
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Hold:
    """Holds the next turn of one session before it is saved."""

    def __init__(self) -> None:
        self.session_id = ""
        self._is_held, self._goes_on = asyncio.Event(), asyncio.Event()

    async def reached(self, moment: Moment, session_id: SessionId) -> None:
        if moment == "evaluated" and session_id == self.session_id:
            self.session_id = ""
            self._is_held.set()
            await self._goes_on.wait()

    async def during(self, held: Player, late: Awaitable[Any], meanwhile: Awaitable[Any]) -> tuple[Any, Any]:
        """What both give, when `meanwhile` begins and ends between the run of `late` and its commit."""
        self.session_id = held.reply.session_id
        self._is_held.clear()
        self._goes_on.clear()
        running = asyncio.ensure_future(late)
        await self._is_held.wait()
        try:
            first = await meanwhile
        finally:
            self._goes_on.set()
        return first, await running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hold() -> Hold:
    return Hold()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(postgres_url: str, redis_url: str, server_keys: ServerKeys, hold: Hold) -> AsyncIterator[House]:
    async with running_house(postgres_url, redis_url, server_keys, 2, checkpoint=hold) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def two(house: House) -> tuple[Player, Player]:
    """Two sessions that share everything which nobody else has."""
    case = new_code()
    players = Player(house, "stores_at_once"), Player(house, "stores_at_once")
    for player in players:
        await player.open(case=case)
    return players


async def test_an_attribute_that_both_set_for_the_first_time_is_counted_twice(
    hold: Hold, two: tuple[Player, Player]
) -> None:
    one, other = two
    assert await hold.during(one, one.act("count_shared"), other.act("count_shared")) == (1, 2)
    assert await other.act("count_shared") == 3


async def test_an_attribute_is_not_deleted_with_a_value_that_was_not_seen(
    hold: Hold, two: tuple[Player, Player]
) -> None:
    one, other = two
    await other.act("count_shared")
    assert await hold.during(one, one.act("drop_shared"), other.act("count_shared")) == (2, 2)


async def test_shared_attributes_are_not_deleted_with_one_that_was_not_seen(
    hold: Hold, two: tuple[Player, Player]
) -> None:
    one, other = two
    await other.act("note_shared", name="a")
    _, cleared = await hold.during(one, one.act("clear_shared"), other.act("note_shared", name="b"))
    assert cleared == ["note_a", "note_b"]
    assert await other.act("note_shared", name="c") == ["note_c"]


async def test_what_is_noted_while_it_is_deleted_is_not_mixed_with_what_was_there(
    hold: Hold, two: tuple[Player, Player]
) -> None:
    one, other = two
    await other.act("count_shared")
    cleared, noted = await hold.during(one, one.act("count_shared"), other.act("clear_shared"))
    assert (cleared, noted) == ([], 1)


async def test_of_two_who_claim_a_shared_object_one_gets_it(hold: Hold, two: tuple[Player, Player]) -> None:
    one, other = two
    claim, key = "claim_shared", new_code()
    taken = hold.during(one, one.act(claim, key=key, who="one"), other.act(claim, key=key, who="other"))
    assert await taken == ("mine", "taken")


async def test_of_two_who_claim_a_key_one_gets_it(hold: Hold, two: tuple[Player, Player]) -> None:
    one, other = two
    assert await hold.during(one, one.act("claim", who="one"), other.act("claim", who="other")) == ("mine", "taken")


async def test_a_value_is_taken_once(hold: Hold, two: tuple[Player, Player]) -> None:
    one, other = two
    await one.act("put", value="letter")
    assert await hold.during(one, one.act("take"), other.act("take")) == ("letter", None)


async def test_a_value_that_was_replaced_is_not_deleted_unseen(hold: Hold, two: tuple[Player, Player]) -> None:
    one, other = two
    await one.act("put", value="old")
    assert await hold.during(one, one.act("take"), other.act("put", value="new")) == (True, "new")


async def test_a_value_that_was_deleted_and_made_anew_is_another_one(hold: Hold, two: tuple[Player, Player]) -> None:
    one, other = two
    await one.act("put", value=1)

    async def make_anew() -> None:
        await other.act("take")
        await other.act("put", value=10)

    assert await hold.during(one, one.act("add_one"), make_anew()) == (None, 11)


async def test_tasks_that_are_marked_for_the_first_time_are_counted_each(
    hold: Hold, two: tuple[Player, Player]
) -> None:
    one, other = two
    assert await hold.during(one, one.act("mark", task="a"), other.act("mark", task="a")) == (1, 2)
    assert await hold.during(one, one.act("mark", task="b"), other.act("mark", task="a")) == (3, 1)
    assert await other.act("mark", task="b") == 2


async def test_a_record_is_taken_once(hold: Hold, two: tuple[Player, Player]) -> None:
    one, other = two
    await one.act("add_record", value="first")
    await one.act("add_record", value="second")
    assert await hold.during(one, one.act("take_record"), other.act("take_record")) == ("first", "second")
    assert await one.act("take_record") is None


async def test_a_stash_is_spent_once(hold: Hold, two: tuple[Player, Player]) -> None:
    one, other = two
    key, secret = await one.act("stash")
    spent = hold.during(one, one.act("unstash", key=key, secret=secret), other.act("unstash", key=key, secret=secret))
    assert await spent == ({"fruit": "apple"}, None)
