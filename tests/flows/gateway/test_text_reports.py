"""Reports about text messages: believed when they are signed, told to webhooks when a message did not arrive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from twilio.request_validator import RequestValidator

from shared.bus.port import Consumer
from shared.contracts.events import WebhooksDue
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.mailbox.webhooks import Webhooks
from tests.flows.gateway.house import House, gateway_house
from tests.phone_office import SID, TOKEN

PUBLIC = "https://forms.example.org"


@pytest.fixture
def rung() -> asyncio.Event:
    """Set when whoever sends webhooks is told that there is something for them."""
    return asyncio.Event()


@pytest.fixture
async def house(
    postgres_url: str, server_keys: ServerKeys, tmp_path: Path, rung: asyncio.Event
) -> AsyncIterator[House]:
    async def hear(_: WebhooksDue) -> None:
        rung.set()

    consumer = Consumer("tests.events", {WebhooksDue: hear}, topics=("#",), is_live=True)
    settings = {
        "twilio": [{"account sid": SID, "auth token": TOKEN, "number": "+15550000001"}],
        "twilio_callback_url": PUBLIC,
    }
    async with gateway_house(
        database_url=postgres_url,
        server_keys=server_keys,
        packages=tmp_path,
        before_start=lambda bus: bus.consume(consumer),
        **settings,
    ) as running:
        yield running


@pytest.fixture
async def message_id(house: House) -> str:
    """A text message that was sent."""
    number = new_id()
    await house.database.execute(
        "insert into mailbox.sendings (run_id, errand_hash, repetition, message_id, session_id, kind, state, "
        "claimed_until, created_at, interview) "
        "values ($1::text, 'h', 1, $1::uuid, $2, 'text', 'sent', now(), now(), 'a:b.yml')",
        number,
        new_id(),
    )
    return number


async def report(house: House, message_id: str, *, token: str = TOKEN, **told: str) -> int:
    path = f"/texts/status/{message_id}"
    form = {"AccountSid": SID, "MessageSid": "SM1", **told}
    signature = RequestValidator(token).compute_signature(PUBLIC + path, form)
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
        return (await http.post(path, data=form, headers={"X-Twilio-Signature": signature})).status_code


async def delivery(house: House, message_id: str) -> Any:
    return await house.database.fetchval("select delivery from mailbox.sendings where message_id = $1", message_id)


async def test_a_signed_report_is_noted_and_a_last_word_stays(house: House, message_id: str) -> None:
    assert await report(house, message_id, MessageStatus="sent") == 204
    assert await delivery(house, message_id) == "sent"
    assert await report(house, message_id, MessageStatus="delivered") == 204
    assert await report(house, message_id, MessageStatus="sent") == 204
    assert await delivery(house, message_id) == "delivered"


async def test_a_report_that_is_not_signed_by_the_account_is_refused(house: House, message_id: str) -> None:
    assert await report(house, message_id, token="another", MessageStatus="failed") == 403
    assert await report(house, message_id, AccountSid="AC1", MessageStatus="failed") == 403
    assert await delivery(house, message_id) == ""


async def test_webhooks_are_told_of_a_message_that_did_not_arrive(
    house: House, message_id: str, server_keys: ServerKeys, rung: asyncio.Event
) -> None:
    assert await report(house, message_id, MessageStatus="sent") == 204
    assert not rung.is_set()
    webhooks = Webhooks(sealer=server_keys.at_rest, clock=SystemClock())
    await webhooks.add(
        house.database, 1, url="https://example.org/", events=["MessageNotDelivered"], interview="a:b.yml"
    )
    for _ in range(2):
        assert await report(house, message_id, MessageStatus="undelivered") == 204
    bodies = [row[0] for row in await house.database.fetch("select body from mailbox.webhook_deliveries")]
    [data] = [told for body in bodies if (told := orjson.loads(body)["data"])["message_id"] == message_id]
    assert (data["kind"], data["status"], data["message_id"]) == ("text", "undelivered", message_id)
    async with asyncio.timeout(30):
        await rung.wait()


async def test_a_number_without_a_token_has_no_reports_that_are_believed(
    server_keys: ServerKeys, tmp_path: Path, postgres_url: str
) -> None:
    numbers = [{"account sid": SID, "number": "+15550000001", "auth token": token} for token in ("", " ")]
    async with gateway_house(
        database_url=postgres_url,
        server_keys=server_keys,
        packages=tmp_path,
        twilio=numbers,
        twilio_callback_url=PUBLIC,
    ) as open_house:
        for token in ("", " "):
            assert await report(open_house, new_id(), token=token, MessageStatus="delivered") == 403


async def test_reports_about_nothing_and_for_who_wants_none_change_nothing(
    house: House, server_keys: ServerKeys, tmp_path: Path, postgres_url: str
) -> None:
    assert await report(house, new_id(), MessageStatus="delivered") == 204
    assert await report(house, "no-number", MessageStatus="delivered") == 204
    async with gateway_house(database_url=postgres_url, server_keys=server_keys, packages=tmp_path) as without:
        assert await report(without, new_id(), MessageStatus="delivered") == 404
