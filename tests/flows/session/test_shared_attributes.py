"""DAGlobal with each base: attributes are merged one by one, only where the base reaches (spec/area2 §9.3)."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from shared.contracts.base import Sealed
from shared.contracts.session import AdoptedSessions, AdoptSessions
from shared.contracts.visitor import KeyHolder, UserFacts, Visitor
from shared.crypto.keys import ServerKeys
from shared.kernel.ids import new_code
from tests.fault.rig import new_visitor
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player
from tests.flows.session.test_stores_at_once import Hold

pytestmark = pytest.mark.asyncio(loop_scope="module")

BASES = ("user", "interview", "global")
_NUMBERS = itertools.count(7000)
HERE, ELSEWHERE = "shared_attributes", "shared_attributes_elsewhere"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hold() -> Hold:
    return Hold()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(postgres_url: str, redis_url: str, server_keys: ServerKeys, hold: Hold) -> AsyncIterator[House]:
    async with running_house(postgres_url, redis_url, server_keys, 2, checkpoint=hold) as running:
        yield running


@dataclass
class Sharing:
    """Sessions that share what has one key under one base."""

    house: House
    base: str
    case: str
    person: Visitor

    async def session(self, interview: str = HERE, visitor: Visitor | None = None) -> Player:
        player = Player(self.house, interview, visitor or self.person)
        await player.open(case=self.case, base=self.base)
        assert player.reply.kind == "screen", player.reply.problem and player.reply.problem.value
        return player


def somebody(number: str = "") -> Visitor:
    return new_visitor().model_copy(update={"user": UserFacts(the_user_id=number or f"t{next(_NUMBERS)}")})


@pytest.fixture(params=BASES)
def sharing(house: House, request: pytest.FixtureRequest) -> Sharing:
    return Sharing(house, request.param, new_code(), somebody())


async def test_different_attributes_set_at_once_are_both_kept(hold: Hold, sharing: Sharing) -> None:
    one, other = await sharing.session(), await sharing.session()
    await one.act("note", name="both", value="before")
    await hold.during(one, one.act("note", name="fruit", value="apple"), other.act("note", name="fish", value="eel"))
    for player in (one, other):
        assert await player.act("see") == {"both": "before", "fruit": "apple", "fish": "eel"}


async def test_the_same_attribute_changed_at_once_loses_nothing(hold: Hold, sharing: Sharing) -> None:
    one, other = await sharing.session(), await sharing.session()
    assert await one.act("count") == 1
    assert await hold.during(one, one.act("count"), other.act("count")) == (2, 3)
    assert await other.act("count") == 4


async def test_an_attribute_deleted_in_one_session_leaves_those_that_another_sets_at_once(
    hold: Hold, sharing: Sharing
) -> None:
    one, other = await sharing.session(), await sharing.session()
    await one.act("note", name="fruit", value="apple")
    await hold.during(one, one.act("drop", name="fruit"), other.act("note", name="fish", value="eel"))
    assert await one.act("see") == await other.act("see") == {"fish": "eel"}


async def test_an_older_picture_of_a_session_brings_nothing_back(sharing: Sharing) -> None:
    """A session that was saved before another one changed an attribute does not write its own picture over it."""
    one, other = await sharing.session(), await sharing.session()
    await one.act("note", name="fruit", value="apple")
    assert await other.act("see") == {"fruit": "apple"}
    await one.act("note", name="fruit", value="fig")
    await other.act("note", name="fish", value="eel")
    await one.open()
    await one.back()
    for player in (one, other):
        assert await player.act("see") == {"fruit": "fig", "fish": "eel"}


async def test_a_base_reaches_as_far_as_it_says(sharing: Sharing) -> None:
    one, other_interview = await sharing.session(), await sharing.session(ELSEWHERE)
    somebody_else = await sharing.session(visitor=somebody())
    await one.act("note", name="fruit", value="apple")
    seen = {"fruit": "apple"}
    assert await other_interview.act("see") == ({} if sharing.base == "interview" else seen)
    assert await somebody_else.act("see") == ({} if sharing.base == "user" else seen)


async def test_keys_of_a_base_are_known_until_they_are_removed(sharing: Sharing) -> None:
    one, other = await sharing.session(), await sharing.session()
    assert await other.act("facts") == [False, False]
    await one.act("note", name="fruit", value="apple")
    assert await other.act("facts") == [True, True]
    await other.act("remove")
    assert await (await sharing.session()).act("see") == {}


async def test_another_base_is_that_of_the_person(house: House) -> None:
    sharing = Sharing(house, "club", new_code(), somebody())
    await (await sharing.session()).act("note", name="fruit", value="apple")
    sharing.base = "user"
    assert await (await sharing.session()).act("see") == {"fruit": "apple"}
    assert await (await sharing.session(visitor=somebody())).act("see") == {}


async def test_what_somebody_shared_with_themselves_goes_along_when_they_sign_in(house: House) -> None:
    anonymous, account = f"t{next(_NUMBERS)}", str(next(_NUMBERS))
    person = somebody(anonymous)
    sharing = Sharing(house, "user", new_code(), person)
    await (await sharing.session()).act("note", name="fruit", value="apple")
    key = KeyHolder(holder=f"user:{account}", key=new_visitor().keys[0].key)
    facts = UserFacts(is_anonymous=False, is_authenticated=True, the_user_id=account, former_id=anonymous)
    signed_in = Visitor(user=facts, keys=(*person.keys, key))
    await house.bus.request(AdoptSessions(visitor=Sealed(signed_in)), AdoptedSessions, timeout_seconds=20)
    elsewhere = Visitor(user=facts.model_copy(update={"former_id": ""}), keys=(key,))
    assert await (await sharing.session(visitor=elsewhere)).act("see") == {"fruit": "apple"}
    assert await (await sharing.session(visitor=somebody(anonymous))).act("see") == {}
