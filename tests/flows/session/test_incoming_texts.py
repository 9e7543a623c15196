"""Text messages that come for sessions: to the one that expects them, once, and STOP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from shared.contracts.base import Sealed
from shared.contracts.mail import TakeText, TextTaken
from shared.crypto.keys import ServerKeys
from shared.kernel.ids import new_id
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player
from tests.phone_office import PhoneOffice, phone_office

pytestmark = pytest.mark.asyncio(loop_scope="module")

OURS, OTHER, WHATSAPP = "+15550000001", "+15550000003", "whatsapp:+15550000002"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(5000)
CANARY = "Quoll9Marzipan"
_PEOPLE = count(100)


@pytest.fixture(scope="module")
def office() -> Iterator[PhoneOffice]:
    with phone_office() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(
    postgres_url: str, redis_url: str, server_keys: ServerKeys, office: PhoneOffice
) -> AsyncIterator[House]:
    settings = {**office.settings, "twilio_incoming": True, "mails_per_address_hour": 10}
    async with running_house(postgres_url, redis_url, server_keys, 2, **settings) as running:
        yield running


@pytest.fixture
def ann() -> str:
    """A number that no other test has."""
    return f"+1617555{next(_PEOPLE):04}"


async def begun(house: House, kind: str = "shared") -> Player:
    player = Player(house, "replies")
    await player.open()
    await player.answer(kind=kind)
    return player


async def comes(house: House, theirs: str, text: str, *, ours: str = OURS, message_id: str = "", **others: Any) -> str:
    """What the mail service says to a text message."""
    message = TakeText(
        message_id=message_id or new_id(), ours=Sealed(ours), theirs=Sealed(theirs), text=Sealed(text), **others
    )
    return (await house.bus.request(message, TextTaken, timeout_seconds=30)).outcome


async def until_filed(player: Player, *texts: str) -> None:
    async with asyncio.timeout(40):
        while await player.act("filed") != list(texts):
            await asyncio.sleep(0.05)


async def test_a_reply_runs_the_action_of_the_session_that_expects_it(house: House, ann: str) -> None:
    player = await begun(house)
    assert await comes(house, ann, "Too early") == "unknown"
    assert await player.act("expect", who=ann.removeprefix("+1")) is True
    message_id = new_id()
    assert await comes(house, ann, "I will come", message_id=message_id) == "kept"
    await until_filed(player, "I will come")
    assert await player.act("last_text") == {
        "number": ann,
        "to_number": OURS,
        "body": "I will come",
        "media": [],
        "files": [],
        "message_id": message_id,
        "is_whatsapp": False,
        "who": ["worker", False],
        "is_lately": True,
    }
    assert await player.act("box") == ["I will come"]


@pytest.mark.parametrize("kind", ["shared", "private"])
async def test_a_picture_that_comes_is_a_file_like_one_of_a_mail(
    house: House, office: PhoneOffice, ann: str, kind: str
) -> None:
    player = await begun(house, kind)
    await player.act("expect", who=ann)
    foreign = "https://forms.example.org/picture"
    media = ((office.keep(PICTURE), "image/png"), (foreign, "image/gif"), (office.keep(b"%PDF-1.7"), "application/pdf"))
    assert await comes(house, ann, "Look", media=Sealed(media)) == "kept"
    assert await comes(house, ann, "That was it") == "kept"
    await until_filed(player, "Look", "That was it")
    assert (await player.act("last_text"))["media"] == []
    await player.act("drop_last")
    text = await player.act("last_text")
    assert text["files"] == [
        ["attachment-1.png", "image/png", len(PICTURE)],
        ["attachment-3.pdf", "application/pdf", 8],
    ]
    assert [(one["url"], one["mimetype"]) for one in text["media"]] == list(media)
    assert [one["problem"] for one in text["media"]] == ["", "foreign", ""]
    await player.click("show_picture")
    assert "<img" in player.screen.model_dump_json()


async def test_the_same_message_is_kept_once_also_when_another_session_has_asked_meanwhile(
    house: House, ann: str
) -> None:
    first, second = await begun(house), await begun(house)
    await first.act("expect", who=ann)
    message_id = new_id()
    assert await comes(house, ann, "Once", message_id=message_id) == "kept"
    assert await comes(house, ann, "Once", message_id=message_id) == "kept"
    await second.act("expect", who=ann)
    assert await comes(house, ann, "Once", message_id=message_id) == "kept"
    assert await comes(house, ann, "Another") == "kept"
    await until_filed(second, "Another")
    await until_filed(first, "Once")
    assert (await first.act("box"), await second.act("box")) == (["Once"], ["Another"])


async def test_who_has_written_to_a_number_last_gets_what_comes_from_there(
    house: House, office: PhoneOffice, ann: str
) -> None:
    first, second, outsider = await begun(house), await begun(house), await begun(house)
    await first.act("expect", who=ann)
    await second.act("expect", who=ann)
    assert await first.act("send", to=ann, body="Will you come?") is True
    assert await outsider.act("send", to=ann, body="News, to which no reply is expected") is True
    assert await comes(house, ann, "Yes") == "kept"
    await until_filed(first, "Yes")
    assert await second.act("box") == []


async def test_who_types_the_number_of_somebody_else_takes_no_reply_from_who_has_written_there(
    house: House, office: PhoneOffice, ann: str
) -> None:
    asking, stranger = await begun(house), await begun(house)
    await asking.act("expect", who=ann)
    assert await asking.act("send", to=ann, body="Will you come?") is True
    await stranger.act("expect", who=ann)
    office.refuses[ann] = (400, 21610)
    try:
        assert await stranger.act("send", to=ann, body="It is not taken") is False
    finally:
        del office.refuses[ann]
    assert await comes(house, ann, "I will come") == "kept"
    await until_filed(asking, "I will come")
    assert await stranger.act("box") == []


async def test_a_start_that_comes_twice_is_no_answer_the_second_time(house: House, ann: str) -> None:
    player = await begun(house)
    await player.act("expect", who=ann)
    await comes(house, ann, "STOP", said="stop", message_id="SM1" + ann[1:])
    for _ in range(2):
        assert await comes(house, ann, "YES", said="start", message_id="SM2" + ann[1:]) == "started"
    assert await comes(house, ann, "STOP", said="stop", message_id="SM1" + ann[1:]) == "stopped"
    assert await player.act("send", to=ann, body="A reminder") is True
    for _ in range(2):
        assert await comes(house, ann, "Yes", said="start", message_id="SM3" + ann[1:]) == "kept"
    await until_filed(player, "Yes")
    assert await player.act("box") == ["Yes"]


async def test_replies_come_in_their_order(house: House, ann: str) -> None:
    player = await begun(house)
    await player.act("expect", who=ann)
    words = [f"Word {number}" for number in range(6)]
    for word in words:
        assert await comes(house, ann, word) == "kept"
    await until_filed(player, *words)


async def test_each_of_our_numbers_is_a_line_of_its_own(house: House, ann: str) -> None:
    first, second, third = await begun(house), await begun(house), await begun(house)
    await first.act("expect", who=ann)
    await second.act("expect", who=ann, options={"config": "other"})
    await third.act("expect", who=f"whatsapp:{ann}")
    assert await comes(house, ann, "To the other", ours=OTHER) == "kept"
    assert await comes(house, f"whatsapp:{ann}", "By WhatsApp", ours=WHATSAPP) == "kept"
    assert await comes(house, f"whatsapp:{ann}", "Nobody expects that", ours="whatsapp:" + OURS) == "unknown"
    await until_filed(second, "To the other")
    await until_filed(third, "By WhatsApp")
    assert await first.act("box") == []
    assert (await third.act("last_text"))["is_whatsapp"] is True


async def test_an_encrypted_session_gets_it_when_somebody_opens_it(house: House, ann: str) -> None:
    player, other = await begun(house, "private"), await begun(house, "allowed")
    await player.act("expect", who=ann)
    await other.act("expect", who=ann, options={"config": "other"})
    assert await comes(house, ann, CANARY) == "kept"
    assert await comes(house, ann, "Allowed", ours=OTHER) == "kept"
    session = "select session_id, action from mailbox.mails where kind = 'text' order by received_at desc limit 2"
    async with asyncio.timeout(40):
        while [row["action"] for row in await house.database.fetch(session)] != ["done", "closed"]:
            await asyncio.sleep(0.05)
            await other.act("filed")  # whoever looks at this one does not open the first
    await player.open()
    await until_filed(player, CANARY)
    await until_filed(other, "Allowed")


async def test_nothing_of_numbers_and_texts_lies_in_clear_in_the_database(
    house: House, office: PhoneOffice, postgres_url: str, ann: str
) -> None:
    player = await begun(house, "private")
    await player.act("expect", who=ann)
    waiting = office.keep(status=503)  # its address stays in its order
    assert await comes(house, ann, CANARY, media=Sealed(((waiting, "image/png"),))) == "kept"
    await comes(house, ann, "STOP", said="stop")
    words = [CANARY.encode(), ann.encode(), ann.removeprefix("+").encode(), waiting.encode(), b"api.twilio.com"]
    assert await house.database.fetchval("select count(*) from mailbox.media_to_fetch") == 1
    connection = await asyncpg.connect(postgres_url)
    tables = await connection.fetch(
        "select schemaname || '.' || tablename as name from pg_tables where schemaname not in ('pg_catalog', "
        "'information_schema')"
    )
    seen = 0
    for table in tables:
        for row in await connection.fetch(f"select * from {table['name']}"):
            for value in row.values():
                told = bytes(value) if isinstance(value, bytes) else str(value).encode()
                assert not any(word in told for word in words), table["name"]
                seen += 1
    await connection.close()
    assert seen > 100


async def test_stop_is_obeyed_until_start_and_no_session_gets_either(
    house: House, office: PhoneOffice, ann: str
) -> None:
    player, other = await begun(house), await begun(house)
    await player.act("expect", who=ann)
    assert await comes(house, ann, "STOP", said="stop") == "stopped"
    assert await comes(house, ann, "STOP", said="stop") == "stopped"
    before = len(office.taken)
    assert await player.act("send", to=ann, body="A reminder") is False
    assert await other.act("send", to=ann, body="Another session has to obey, too") is False
    assert len(office.taken) == before
    assert await other.act("send", to=ann, body="By another number", config="other") is True
    assert await comes(house, ann, "start", said="start") == "started"
    assert await player.act("send", to=ann, body="A reminder") is True
    assert await comes(house, ann, "Yes", said="start") == "kept"  # nothing was stopped: it is an answer
    await until_filed(player, "Yes")


async def test_it_ends_with_its_time_and_with_the_session(house: House, ann: str) -> None:
    first, second = await begun(house), await begun(house)
    await first.act("expect", who=ann)
    await second.act("expect", who=ann, options={"days": 0.5})
    await house.database.execute(
        "update mailbox.expected_texts set until_at = until_at - $1::interval "
        "where touched_at > now() - interval '1 minute'",
        timedelta(days=1),
    )
    assert await comes(house, ann, "Not too late for the first") == "kept"
    await until_filed(first, "Not too late for the first")
    assert await second.act("box") == []
    await first.delete()
    assert await comes(house, ann, "Too late") == "unknown"


async def test_what_cannot_be_expected_says_so(house: House, ann: str) -> None:
    player = await begun(house)
    assert await player.act("expect", who="no number") is False
    assert await player.act("expect", who=[ann, "no number"]) is False
    assert await player.act("expect", who=[]) is False
    assert await player.act("expect", who=ann, options={"config": "nobody's"}) is False
    assert await comes(house, ann, "Nobody expects it") == "unknown"
    assert "days are a number" in str(await player.act("expect", who=ann, options={"days": 400}))
    assert await player.act("expect", who=[ann, ann]) is True


async def test_a_line_is_no_address_for_mail(house: House, ann: str) -> None:
    player = await begun(house)
    await player.act("expect", who=ann)
    [has_address, addresses] = await player.act("letters")
    assert has_address
    assert len(addresses) == 1
    assert len(addresses[0]) == 6


async def test_one_line_takes_so_much_in_an_hour(house: House, ann: str) -> None:
    player = await begun(house)
    await player.act("expect", who=ann)
    said = [await comes(house, ann, str(number)) for number in range(11)]
    assert said == ["kept"] * 10 + ["later"]


async def test_where_no_texts_are_taken_none_is_expected(
    postgres_url: str, redis_url: str, server_keys: ServerKeys, office: PhoneOffice, ann: str
) -> None:
    async with running_house(postgres_url, redis_url, server_keys, 1, **office.settings) as without:
        player = await begun(without)
        assert await player.act("expect", who=ann) is False
        assert await player.act("send", to=ann, body="Hello") is True


async def test_while_the_database_is_away_it_is_to_come_again_and_is_kept_once(house: House, ann: str) -> None:
    player = await begun(house)
    await player.act("expect", who=ann)
    message_id = new_id()
    await house.database.execute("alter table mailbox.mails rename to elsewhere")
    try:
        assert await comes(house, ann, "Patience", message_id=message_id) == "later"
    finally:
        await house.database.execute("alter table mailbox.elsewhere rename to mails")
    for _ in range(2):
        assert await comes(house, ann, "Patience", message_id=message_id) == "kept"
    await until_filed(player, "Patience")


async def test_stop_is_about_one_line_and_ends_a_sending_to_several(
    house: House, office: PhoneOffice, ann: str
) -> None:
    player = await begun(house)
    await comes(house, ann, "STOP", said="stop")
    before = len(office.taken)
    assert await player.act("send", to=[ann, f"whatsapp:{ann}"], body="x") is False
    assert len(office.taken) == before, "after the first that is not taken no more are tried"
    assert await player.act("send", to=f"whatsapp:{ann}", body="x") is True
