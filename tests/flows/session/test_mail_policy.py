"""Mail that is not from whom it says, handed over in real SMTP conversations while the operator has chosen a policy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.message import EmailMessage

import pytest
import pytest_asyncio

from shared.crypto.keys import ServerKeys
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player
from tests.letters import hand_over, letter
from tests.name_server import names
from tests.sites import free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")

ZONE = {
    "_dmarc.strict.example.": "v=DMARC1; p=reject",
    "strict.example.": "v=spf1 -all",
    "_dmarc.slow.example.": "v=DMARC1; p=reject",
    "slow.example.": "v=spf1 include:silent.slow.example -all",
    "_dmarc.careful.example.": "v=DMARC1; p=quarantine",
}
PORT = free_port()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> AsyncIterator[House]:
    with names(ZONE) as resolver:
        given = {
            "mail_domain": "forms.example.org",
            "mail_resolver": resolver,
            "mail_resolver_seconds": 60,  # a machine that is busy is no resolver that is silent
            "mail_policy": "dmarc",
        }
        async with running_house(postgres_url, redis_url, server_keys, 2, smtp_port=PORT, **given) as running:
            yield running


async def address_in(house: House) -> str:
    player = Player(house, "post")
    await player.open()
    await player.answer(kind="shared")
    return str(await player.act("address"))


def from_domain(domain: str, to: str) -> EmailMessage:
    message = letter(to)
    message.replace_header("From", f"Ann <ann@{domain}>")
    return message


async def test_mail_that_its_domain_wants_refused_is_refused_and_nothing_of_it_kept(house: House) -> None:
    address = await address_in(house)
    code, said = await hand_over(PORT, from_domain("strict.example", address), address, sender="ann@strict.example")
    assert (code, said.startswith("5.7.1")) == (550, True)
    assert not await house.database.fetchval(
        "select count(*) from mailbox.mails where local_part = $1", *local(address)
    )


async def test_mail_that_its_domain_wants_kept_apart_is_in_quarantine(house: House) -> None:
    address = await address_in(house)
    message = from_domain("careful.example", address)
    assert (await hand_over(PORT, message, address, sender="ann@careful.example"))[0] == 250
    sql = "select state, reason from mailbox.mails where local_part = $1"
    assert tuple(await house.database.fetchrow(sql, *local(address)) or ()) == ("quarantined", "dmarc")


async def test_mail_of_a_domain_that_is_slow_to_answer_is_taken(house: House) -> None:
    address = await address_in(house)
    code, said = await hand_over(PORT, from_domain("slow.example", address), address, sender="ann@slow.example")
    assert code == 250, said


def local(address: str) -> tuple[str]:
    return (address.partition("@")[0],)
