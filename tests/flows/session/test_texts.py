"""Text messages that interviews send (spec/area3 §7.1), to a double of Twilio's interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from shared.crypto.keys import ServerKeys
from shared.kernel.ids import new_id
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player
from tests.phone_office import PhoneOffice, phone_office

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANN = "+16175550123"


@pytest.fixture(scope="module")
def running_office() -> Iterator[PhoneOffice]:
    with phone_office() as office:
        yield office


@pytest.fixture
def office(running_office: PhoneOffice) -> PhoneOffice:
    running_office.taken.clear()
    running_office.refuses.clear()
    return running_office


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(
    postgres_url: str, redis_url: str, server_keys: ServerKeys, running_office: PhoneOffice
) -> AsyncIterator[House]:
    async with running_house(
        postgres_url, redis_url, server_keys, 2, **running_office.settings, lock_wait_seconds=0.1
    ) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def player(house: House) -> Player:
    found = Player(house, "texts")
    await found.open()
    return found


@pytest.mark.parametrize("number", ["617-555-0123", "(617) 555 0123", "+1 617 555 0123", " 1.617.555.0123 "])
async def test_a_number_is_read_in_every_form(player: Player, office: PhoneOffice, number: str) -> None:
    assert await player.act("send", to=number, body="Hello") is True
    [message] = office.taken
    assert (message["To"], message["From"], message["Body"]) == (ANN, "+15550000001", "Hello")
    assert message["StatusCallback"].startswith("https://forms.example.org/texts/status/")


async def test_people_get_it_in_their_countries_and_templates_become_text(player: Player, office: PhoneOffice) -> None:
    assert await player.act("send_people") is True
    assert [message["To"] for message in office.taken] == [ANN, "+4930123456"]
    assert office.taken[0]["Body"] == "Your papers\nDear friend, hurry.\n\n* one"


async def test_whatsapp_goes_from_its_own_number(player: Player, office: PhoneOffice) -> None:
    assert await player.act("send", to="whatsapp:617-555-0123", body="Hello") is True
    assert await player.act("send_whatsapp") is True
    for message in office.taken:
        assert (message["To"], message["From"]) == (f"whatsapp:{ANN}", "whatsapp:+15550000002")


async def test_files_come_at_addresses_that_need_no_sign_in(player: Player, office: PhoneOffice) -> None:
    assert await player.act("send_files") is True
    [message] = office.taken
    [file, other] = message["MediaUrl"]
    assert other == "https://example.org/a.png"
    assert file.startswith("http://localhost/tempfile/")
    assert file.endswith("/paper.txt")


async def test_too_many_files_and_things_that_are_none_send_nothing(player: Player, office: PhoneOffice) -> None:
    assert await player.act("send_many_files") is False
    assert await player.act("send", to=ANN, body="x", attachments="not an address") is False
    assert office.taken == []


@pytest.mark.parametrize("to", [None, [], "nobody", "12", ["", "x"]])
async def test_without_a_number_nothing_is_sent_and_it_is_false(
    player: Player, office: PhoneOffice, to: object
) -> None:
    assert await player.act("send", to=to, body="x") is False
    assert office.taken == []


async def test_a_text_that_is_missing_says_so(player: Player, office: PhoneOffice) -> None:
    assert await player.act("send", to=ANN) is True
    assert office.taken[0]["Body"] == "blank message"


async def test_configurations_have_names(player: Player, office: PhoneOffice) -> None:
    assert await player.act("send", to=ANN, body="x", config="other") is True
    assert office.taken[0]["From"] == "+15550000003"
    for name in ("mute", "lacking", "unknown"):
        assert await player.act("send", to=ANN, body="x", config=name) is False
    assert len(office.taken) == 1


async def test_a_dry_run_sends_nothing_and_says_true(player: Player, office: PhoneOffice) -> None:
    assert await player.act("send", to=ANN, body="x", dry_run=True) is True
    assert office.taken == []


async def test_after_the_first_refusal_no_more_is_sent_and_no_task_is_marked(
    player: Player, office: PhoneOffice
) -> None:
    office.refuses["+16175550199"] = (400, 21211)
    assert await player.act("send_with_task", to=[ANN, "617-555-0199", "617-555-0177"]) == [False, False]
    assert [message["To"] for message in office.taken] == [ANN]
    office.refuses["+16175550199"] = (503, 20503)
    assert await player.act("send_with_task", to=["617-555-0199"]) == [False, False]
    assert await player.act("send_with_task", to=ANN) == [True, True]


async def test_an_operation_that_comes_again_sends_once(player: Player, office: PhoneOffice) -> None:
    operation_id = new_id()
    await player.run("note_and_send", operation_id=operation_id, word="a")
    await player.run("note_and_send", operation_id=operation_id, word="a")
    assert [message["Body"] for message in office.taken] == ["Now 1"]


async def test_turns_that_overlap_send_once_each(player: Player, office: PhoneOffice) -> None:
    await asyncio.gather(*(player.run("note_and_send", word=str(number)) for number in range(4)))
    assert len(office.taken) == 4
