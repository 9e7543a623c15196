"""What `send_email()` makes of ways out, persons, roles and words for a provider (spec/area3 §5.1, §5.2, §5.4)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from shared.crypto.keys import ServerKeys
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player
from tests.post_office import PostOffice, post_office

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def offices() -> Iterator[tuple[PostOffice, PostOffice]]:
    with post_office() as first, post_office() as second:
        yield first, second


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(
    postgres_url: str, redis_url: str, server_keys: ServerKeys, offices: tuple[PostOffice, PostOffice]
) -> AsyncIterator[House]:
    second = {"name": "second", "default sender": "Second <second@example.org>", "use tls": False}
    ways = [{**second, "server": "127.0.0.1", "port": offices[1].port}]
    settings = {**offices[0].settings, "mail_configs": ways}
    async with running_house(postgres_url, redis_url, server_keys, 2, **settings) as running:
        yield running


@pytest.fixture
def first(offices: tuple[PostOffice, PostOffice]) -> PostOffice:
    offices[0].taken.clear()
    return offices[0]


@pytest.fixture
def second(offices: tuple[PostOffice, PostOffice]) -> PostOffice:
    offices[1].taken.clear()
    return offices[1]


@pytest_asyncio.fixture(loop_scope="module")
async def player(house: House) -> Player:
    found = Player(house, "mail-in-detail")
    await found.open()
    return found


async def test_an_interview_says_by_which_way_its_mail_leaves_and_a_call_says_otherwise(
    player: Player, first: PostOffice, second: PostOffice
) -> None:
    assert await player.act("send", to="ann@example.org", subject="As the interview says") is True
    [mail] = second.received("As the interview says")
    assert mail["From"] == "Second <second@example.org>"
    assert await player.act("send", to="ann@example.org", subject="As the call says", config="default") is True
    assert [mail["From"] for mail in first.received("As the call says")] == ["Forms <forms@example.org>"]
    assert len(first.taken) == len(second.taken) == 1


async def test_words_for_a_provider_do_not_keep_mail_from_leaving_by_another_way(
    player: Player, second: PostOffice
) -> None:
    assert await player.act("send_with_words", variables={"matter": "7"}) is True
    assert await player.act("send_with_words", variables="no dictionary") is True
    assert len(second.received("Words")) == 2
    assert b"matter" not in second.taken[0].content


async def test_the_first_who_has_an_address_is_the_sender_with_a_name(player: Player, second: PostOffice) -> None:
    assert await player.act("send_from_people") is True
    [mail] = second.received("People")
    assert (mail["From"], mail["Reply-To"]) == ("Cy Lee <cy@example.org>", "Cy Lee <cy@example.org>")


async def test_an_address_that_is_missing_is_asked_for_before_anything_leaves(
    player: Player, second: PostOffice
) -> None:
    await player.click("send_to_friend")
    assert player.question == "What is the address of Fay?"
    assert second.taken == []
    [field] = player.screen.fields
    await player.answer(**{field.variable: "fay@example.org"})
    assert player.question == "Sent"
    assert [mail["To"] for mail in second.received("To a friend")] == ["Fay <fay@example.org>"]


async def test_the_role_that_is_waited_for_is_told_once(player: Player, second: PostOffice) -> None:
    for role, is_told in (("advocate", True), ("advocate", False), ("client", True), ("advocate", True)):
        await player.run("tell", roles=[role])
        facts = await player.act("facts")
        assert (facts["was_told"], facts["last"]) == (is_told, role)
    told = [mail["To"] for mail in second.received("Your turn")]
    assert told == ["advocate@example.org", "client@example.org", "advocate@example.org"]
    await player.run("tell", roles=["nobody who is told"])
    assert (await player.act("facts"))["was_told"] is False


async def test_a_role_that_could_not_be_told_is_told_the_next_time(player: Player, second: PostOffice) -> None:
    second.says = "554 not now"
    await player.run("tell", roles=["client"])
    facts = await player.act("facts")
    second.says = "250 OK"
    await player.run("tell", roles=["client"])
    assert (facts["was_told"], (await player.act("facts"))["was_told"]) == (False, True)
