"""Documents of a screen that people have sent to addresses (spec/area3 §5.3), by a mail server that is good or bad."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson
import pytest

from shared.crypto.keys import ServerKeys
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player
from tests.post_office import PostOffice, post_office


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as office:
        yield office


@contextlib.asynccontextmanager
async def silent_server() -> AsyncIterator[dict[str, Any]]:
    """How to reach a server that takes connections and says nothing."""
    open_writers: list[asyncio.StreamWriter] = []

    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_writers.append(writer)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield {"mail_host": "127.0.0.1", "mail_port": port, "mail_security": "none", "mail_sender": "f@example.org"}
    finally:
        for writer in open_writers:
            writer.close()
        server.close()


async def mailed(house: House, *addresses: str) -> dict[str, str]:
    """Have the documents sent to these; what the page tells, by kind."""
    player = Player(house, "mailed-documents")
    await player.open()
    mail = player.screen.documents_mail
    assert mail is not None
    action = orjson.loads(base64.b64decode(mail.action))
    await player.click(action["action"], **action["arguments"], address=",".join(addresses))
    return dict(player.screen.messages)


async def test_a_mail_server_that_says_nothing_costs_the_time_of_one_mail(
    postgres_url: str, redis_url: str, server_keys: ServerKeys
) -> None:
    addresses = [f"p{number}@example.org" for number in range(5)]
    async with (
        silent_server() as server,
        running_house(postgres_url, redis_url, server_keys, 1, **server, interactive_limit_seconds=10.0) as house,
    ):
        told = await mailed(house, *addresses)
        states = await house.database.fetch("select state from mailbox.sendings")
    listed = ", ".join(addresses)
    assert told == {"danger": f"Unable to e-mail your documents to {listed}. Download them from this page."}
    assert {row[0] for row in states} <= {"failed"}


async def test_each_address_is_told_about_by_itself(
    postgres_url: str, redis_url: str, server_keys: ServerKeys, office: PostOffice
) -> None:
    office.refuses.add("bob@example.org")
    async with running_house(postgres_url, redis_url, server_keys, 1, **office.settings) as house:
        told = await mailed(house, "ann@example.org", "bob@example.org", "cid@example.org", "dot@example.org")
    assert told == {
        "success": "Your documents were e-mailed to ann@example.org, cid@example.org, dot@example.org.",
        "danger": "Unable to e-mail your documents to bob@example.org. Download them from this page.",
    }
    assert sorted(mail["To"] for mail in office.received("Papers")) == [
        f"{name}@example.org" for name in ("ann", "cid", "dot")
    ]


async def test_what_leaves_later_is_not_said_to_have_left(
    postgres_url: str, redis_url: str, server_keys: ServerKeys, office: PostOffice
) -> None:
    settings = {**office.settings, "mail_queued": True}
    async with running_house(postgres_url, redis_url, server_keys, 1, **settings) as house:
        assert await mailed(house, "ann@example.org", "bob@example.org") == {
            "success": "Your documents will be e-mailed to ann@example.org, bob@example.org."
        }
        async with asyncio.timeout(30):
            while len(office.received("Papers")) < 2:
                await asyncio.sleep(0.02)
