"""Mail that leaves after the answers are saved (COLLOQUY_MAIL_QUEUED, DESIGN §7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from shared.crypto.keys import ServerKeys
from shared.kernel.ids import new_id
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player
from tests.post_office import PostOffice, post_office

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def running_office() -> Iterator[PostOffice]:
    with post_office() as office:
        yield office


@pytest.fixture
def office(running_office: PostOffice) -> PostOffice:
    running_office.says, running_office.taken = "250 OK", []
    return running_office


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(
    postgres_url: str, redis_url: str, server_keys: ServerKeys, running_office: PostOffice
) -> AsyncIterator[House]:
    settings = {**running_office.settings, "mail_queued": True, "lock_wait_seconds": 0.1}
    async with running_house(postgres_url, redis_url, server_keys, 2, **settings) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def player(house: House) -> Player:
    found = Player(house, "mail")
    await found.open()
    return found


async def until_taken(office: PostOffice, about: str) -> Any:
    async with asyncio.timeout(40):
        while not (found := office.received(about)):
            await asyncio.sleep(0.02)
    return found[0]


async def states(house: House, player: Player) -> list[str]:
    rows = await house.database.fetch(
        "select state from mailbox.sendings where session_id = $1 order by created_at", player.reply.session_id
    )
    return [row[0] for row in rows]


async def until_states(house: House, player: Player, wanted: list[str]) -> None:
    async with asyncio.timeout(40):
        while await states(house, player) != wanted:
            await asyncio.sleep(0.02)


async def test_it_returns_at_once_and_the_mail_leaves_whole(house: House, player: Player, office: PostOffice) -> None:
    office.is_asked.clear()
    office.go_on.clear()
    office.holds = True
    sent = await player.act("send", to="ann@example.org", bcc="bob@example.org", subject="Queued", body="Later")
    assert sent is True
    assert await asyncio.to_thread(office.is_asked.wait, 30)
    assert await states(house, player) == ["sending"]
    office.go_on.set()
    mail = await until_taken(office, "Queued")
    assert (mail["To"], mail["Bcc"]) == ("ann@example.org", None)
    assert office.taken[0].rcpt_tos == ["ann@example.org", "bob@example.org"]
    await until_states(house, player, ["sent"])


async def test_files_go_along(player: Player, office: PostOffice) -> None:
    assert await player.act("send_files") is True
    mail = await until_taken(office, "Papers")
    assert [one.get_filename() for one in mail.iter_attachments()] == ["paper.txt", "paper_001.txt", "paper_002.txt"]


async def test_an_operation_that_comes_again_sends_once(house: House, player: Player, office: PostOffice) -> None:
    operation_id = new_id()
    for _ in range(2):
        await player.run("note_and_send", operation_id=operation_id, word="once")
    await until_states(house, player, ["sent"])
    assert len(office.taken) == 1


async def test_what_is_refused_for_good_is_told(house: House, player: Player, office: PostOffice) -> None:
    office.says = "550 never"
    assert await player.act("send", to="ann@example.org", subject="Refused", body="x") is True
    await until_states(house, player, ["failed"])
    delivery = "select delivery from mailbox.sendings where session_id = $1"
    async with asyncio.timeout(40):
        while await house.database.fetchval(delivery, player.reply.session_id) != "failed":
            await asyncio.sleep(0.02)


async def test_a_server_that_is_busy_is_asked_again(house: House, player: Player, office: PostOffice) -> None:
    office.says = "451 later"
    assert await player.act("send", to="ann@example.org", subject="Patience", body="x") is True
    waits = "select count(*) from mail.deliveries where state = 'queued'"
    async with asyncio.timeout(40):
        while not await house.database.fetchval(waits):
            await asyncio.sleep(0.02)
    office.says = "250 OK"
    await until_taken(office, "Patience")
    await until_states(house, player, ["sent"])


async def test_an_address_that_is_none_is_refused_at_once(house: House, player: Player) -> None:
    assert await player.act("send", to="nobody", subject="x", body="x") is False
    assert await states(house, player) == []
