"""Mail of every kind by SMTP: whatever was said to be kept is there, byte for byte, and its interview can read it.

With `--fault-rounds 20`: 5,000 messages, a third of them damaged, and one of 25 MB.
"""

from __future__ import annotations

import asyncio
import base64
import smtplib
from base64 import b64decode
from collections.abc import AsyncIterator, Sequence
from random import Random  # noqa: TID251 - the same damage in every run

import pytest

from services.mail.parsing import identity, parsed
from services.session import store
from services.session.keys import SessionKeys
from shared.crypto.keys import ServerKeys
from shared.files.contents import StoredContents
from shared.files.room import FileRoom
from shared.kernel.clock import SystemClock
from shared.kernel.ids import SessionId
from shared.mailbox import received
from shared.mailbox.addresses import Addresses
from tests.flows.session.conftest import House, content_store, running_house
from tests.flows.session.player import Player
from tests.mail_corpus import corpus, damaged
from tests.sites import free_port

pytestmark = [pytest.mark.fault, pytest.mark.timeout(3600)]

MESSAGES, OF_AN_ADDRESS, SENDERS = 250, 50, 4
LARGE_BYTES = 18 * 1024 * 1024
"""Of a file: about 25 MB as base64 with its line ends."""


def messages(number: int) -> list[bytes]:
    """So many, every third of them damaged, each another mail."""
    chance = Random(7)
    found = {}
    for index, sample in enumerate(corpus(number * 2, seed=7)):
        raw = damaged(sample.raw, chance) if index % 3 == 2 else sample.raw
        raw = raw.removesuffix(b"\r\n") + b"\r\n"
        found.setdefault(identity(raw), raw)
        if len(found) == number:
            break
    return list(found.values())


def large() -> bytes:
    contents = base64.encodebytes(Random(1).randbytes(LARGE_BYTES)).replace(b"\n", b"\r\n")
    head = b'Subject: Large\r\nContent-Disposition: attachment; filename="large.bin"\r\n'
    return head + b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" + contents


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def house(postgres_url: str, redis_url: str, server_keys: ServerKeys, port: int) -> AsyncIterator[House]:
    settings = {
        "smtp_port": port,
        "smtp_mails_per_minute": 0,
        "smtp_max_bytes": 40 * 1024 * 1024,
        "mails_per_address_hour": 1_000_000,
        "mail_domain": "forms.example.org",
    }
    async with running_house(postgres_url, redis_url, server_keys, 1, **settings) as running:
        yield running


def hand_over(port: int, address: str, raws: Sequence[bytes]) -> list[int]:
    """Send several in one conversation; what was said of each."""
    codes = []
    with smtplib.SMTP("127.0.0.1", port, timeout=120) as server:
        server.ehlo("client.example.org")
        for raw in raws:
            server.mail("ann@example.org", ["BODY=8BITMIME"])
            server.rcpt(address)
            assert server.docmd("DATA")[0] == 354
            # By hand: smtplib doubles dots behind bare line feeds, too, where no line begins.
            server.send((b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n")
            codes.append(server.getreply()[0])
    return codes


async def kept(house: House, player: Player, server_keys: ServerKeys) -> list[bytes]:
    """The mails of a session as they came, those in quarantine too."""
    session_id = SessionId(player.reply.session_id)
    stored = await store.load(house.database, session_id, holders=(), steps=0)
    assert stored is not None
    keys = SessionKeys(server_keys=server_keys).open_unattended(stored, "mail")
    assert keys is not None
    clock = SystemClock()
    addresses = await Addresses(database=house.database, clock=clock).of_session(house.database, keys)
    room = FileRoom.of(
        database=house.database,
        store=content_store(),
        server_keys=server_keys,
        clock=clock,
        max_file_bytes=64 * 1024 * 1024,
    )
    found = []
    for row in await house.database.fetch("select id::text from mailbox.mails where session_id = $1", session_id):
        mail = await received.find(house.database, row["id"], addresses)
        assert mail is not None
        assert mail.contents.raw is not None
        raw = mail.contents.raw
        found.append(await room.contents.read(StoredContents(raw.location, b64decode(raw.key), raw.size_bytes)))
    return found


async def test_each_mail_that_was_taken_is_there_and_can_be_read(
    house: House, port: int, server_keys: ServerKeys, rounds: int
) -> None:
    player = Player(house, "letterbox")
    await player.open()
    sent = [*messages(MESSAGES * rounds), large()]
    shares = [sent[begin : begin + OF_AN_ADDRESS] for begin in range(0, len(sent), OF_AN_ADDRESS)]
    names = [f"share {number}" for number in range(len(shares))]
    addresses = [await player.act("address", key=name) for name in names]
    gate = asyncio.Semaphore(SENDERS)

    async def deliver(address: str, raws: Sequence[bytes]) -> list[int]:
        async with gate:
            return await asyncio.to_thread(hand_over, port, address, raws)

    codes = await asyncio.gather(*(deliver(*one) for one in zip(addresses, shares, strict=True)))
    assert {code for some in codes for code in some} == {250}
    assert sorted(await kept(house, player, server_keys)) == sorted(sent)
    number = 0
    for name in names:
        mails = await player.act("read_all", key=name)
        assert {mail[0] for mail in mails} <= {"This is an e-mail"}
        number += len(mails)
    quarantined = "select count(*) from mailbox.mails where session_id = $1 and state = 'quarantined'"
    assert number + await house.database.fetchval(quarantined, player.reply.session_id) == len(sent)


def test_no_damage_breaks_the_parser(rounds: int) -> None:
    chance = Random(11)
    for sample in corpus(200 * rounds, seed=11):
        for _ in range(5):
            raw = damaged(sample.raw, chance)
            mail = parsed(raw)
            assert mail.parts[0].role == "headers"
            mail.contents.model_dump_json()
            identity(raw)
