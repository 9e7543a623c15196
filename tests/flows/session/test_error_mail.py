"""The operator is told by mail where interviews fail, and not what of (spec/area3 §8.6)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from shared.contracts.scheduler import FireNow
from shared.crypto.keys import ServerKeys
from shared.kernel.ids import new_id
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player
from tests.post_office import PostOffice, post_office

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPERATORS = ["ann@example.org", "bob@example.org"]


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    with post_office() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(postgres_url: str, redis_url: str, server_keys: ServerKeys, office: PostOffice) -> AsyncIterator[House]:
    settings = {
        **office.settings,
        "public_url": "https://forms.example.org",
        "error_mail_to": ", ".join(OPERATORS),
        "error_mail_besides": "KeyError",
    }
    async with running_house(postgres_url, redis_url, server_keys, 2, **settings) as running:
        yield running


async def told(office: PostOffice, number: int) -> dict[str, str]:
    """What each operator was told in the mail of that number."""
    async with asyncio.timeout(60):
        while len(office.taken) < 2 * number:
            await asyncio.sleep(0.05)
    envelopes = office.taken[2 * (number - 1) : 2 * number]
    return {envelope.rcpt_tos[0]: envelope.content.decode() for envelope in envelopes}


async def test_whoever_runs_the_server_is_told_of_a_failing_cron_type_and_of_a_task(
    house: House, office: PostOffice
) -> None:
    player = Player(house, "cron")
    await player.open()
    await player.set(how="error")
    await house.send(FireNow(fire_id=new_id(), cron_type="cron_hourly"))
    mails = await told(office, 1)
    assert sorted(mails) == OPERATORS
    for mail in mails.values():
        assert "Subject: An error in interviews of forms.example.org" in mail
        assert "Exception" in mail
        assert "flows:data/questions/cron.yml, line " in mail
        assert "canary" not in mail
    await house.database.execute("update session.error_mails set sent_at = sent_at - interval '10 minutes'")
    await player.run("begin_what_fails")
    for mail in (await told(office, 2)).values():
        assert "ValueError" in mail
        assert "cron.yml, line " in mail
        assert "canary" not in mail
        assert "\nException" not in mail
