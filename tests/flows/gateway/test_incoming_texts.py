"""Text messages that Twilio hands over: taken when they are signed and the operator wants them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from twilio.request_validator import RequestValidator

from shared.bus.dispatch import consumers
from shared.contracts.mail import TakeText, TextTaken
from shared.crypto.keys import ServerKeys
from tests.flows.gateway.house import House, gateway_house
from tests.phone_office import SID, TOKEN

PUBLIC = "https://forms.example.org"
OURS, ANN = "+15550000001", "+16175550123"
SETTINGS: dict[str, Any] = {
    "twilio": [
        {"account sid": SID, "auth token": TOKEN, "number": OURS, "whatsapp number": "+15550000002"},
        {"name": "mute", "account sid": SID, "auth token": TOKEN, "number": "+15550000004", "sms": False},
    ],
    "twilio_callback_url": PUBLIC + "/",
}


@pytest.fixture
async def taken(
    postgres_url: str, server_keys: ServerKeys, tmp_path: Path
) -> AsyncIterator[tuple[House, list[TakeText]]]:
    messages: list[TakeText] = []

    async def take(message: TakeText) -> TextTaken:
        messages.append(message)
        return TextTaken(outcome="later" if message.text.value == "Later" else "kept")

    async with gateway_house(
        database_url=postgres_url,
        server_keys=server_keys,
        packages=tmp_path,
        before_start=lambda bus: [bus.consume(one) for one in consumers({TakeText: take}, parts={})],
        **SETTINGS,
        twilio_incoming=True,
    ) as house:
        yield house, messages


async def post(
    house: House, *, token: str = TOKEN, path: str = "/texts/incoming", to: str = "/texts/incoming", **told: str
) -> httpx.Response:
    form = {"AccountSid": SID, "MessageSid": "SM1", "From": ANN, "To": OURS, "Body": "Hello", **told}
    signature = RequestValidator(token).compute_signature(PUBLIC + path, form)
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
        headers = {"X-Twilio-Signature": signature, "X-Forwarded-For": "203.0.113.7"}
        return await http.post(to, data=form, headers=headers)


async def test_a_signed_message_is_handed_on_and_answered_with_no_word(taken: tuple[House, list[TakeText]]) -> None:
    house, messages = taken
    answer = await post(
        house, Body="Grüße", NumMedia="1", MediaUrl0="https://api.twilio.com/1", MediaContentType0="image/png"
    )
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/xml")
    assert answer.text.endswith("<Response/>")
    [message] = messages
    assert (message.message_id, message.theirs.value, message.ours.value) == ("SM1", ANN, OURS)
    assert (message.text.value, message.said) == ("Grüße", "")
    assert list(map(tuple, message.media.value)) == [("https://api.twilio.com/1", "image/png")]


async def test_what_is_not_signed_by_the_account_or_for_another_address_is_refused(
    taken: tuple[House, list[TakeText]],
) -> None:
    house, messages = taken
    assert (await post(house, token="another")).status_code == 403
    assert (await post(house, AccountSid="AC1")).status_code == 403
    assert (await post(house, path="/texts/status/1")).status_code == 403
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
        assert (await http.post("/texts/incoming", data={"AccountSid": SID, "Body": "x"})).status_code == 403
    assert messages == []


async def test_a_message_that_was_changed_on_its_way_is_refused(taken: tuple[House, list[TakeText]]) -> None:
    house, messages = taken
    form = {"AccountSid": SID, "MessageSid": "SM1", "From": ANN, "To": OURS, "Body": "Hello"}
    signature = RequestValidator(TOKEN).compute_signature(f"{PUBLIC}/texts/incoming", form)
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
        for changed in ({"From": "+16175550124"}, {"Body": "STOP"}, {"OptOutType": "STOP"}):
            sent = await http.post(
                "/texts/incoming", data={**form, **changed}, headers={"X-Twilio-Signature": signature}
            )
            assert sent.status_code == 403
    assert messages == []


@pytest.mark.parametrize(
    "told",
    [
        {"To": "+15550000009"},
        {"To": "+15550000004"},
        {"From": "anonymous"},
        {"Body": "  "},
        {"MessageSid": "../x"},
        {"Body": "x" * 20_001},
        {"Body": "", "MediaUrl0": "javascript:alert(1)"},
    ],
)
async def test_what_is_for_nobody_here_is_answered_and_forgotten(
    taken: tuple[House, list[TakeText]], told: dict[str, str]
) -> None:
    house, messages = taken
    answer = await post(house, **told)
    assert (answer.status_code, answer.text[-11:]) == (200, "<Response/>")
    assert messages == []


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"Body": " Stop. "}, "stop"),
        ({"Body": "UNSUBSCRIBE"}, "stop"),
        ({"Body": "ARRET", "OptOutType": "STOP"}, "stop"),
        ({"Body": "Do not stop"}, ""),
        ({"Body": "unstop"}, "start"),
        ({"Body": "Yes!"}, "start"),
        ({"Body": "help", "OptOutType": "HELP"}, ""),
    ],
)
async def test_words_about_text_messages_themselves_are_known(
    taken: tuple[House, list[TakeText]], told: dict[str, str], said: str
) -> None:
    house, messages = taken
    assert (await post(house, **told)).status_code == 200
    assert [message.said for message in messages] == [said]


async def test_whatsapp_has_its_own_number(taken: tuple[House, list[TakeText]]) -> None:
    house, messages = taken
    theirs = f"whatsapp:{ANN}"
    assert (await post(house, From=theirs, To="whatsapp:+15550000002")).status_code == 200
    assert (await post(house, From=theirs, To=f"whatsapp:{OURS}")).status_code == 200
    assert [message.ours.value for message in messages] == ["whatsapp:+15550000002"]


async def test_what_cannot_be_kept_now_is_to_come_again(taken: tuple[House, list[TakeText]]) -> None:
    assert (await post(taken[0], Body="Later")).status_code == 503


async def test_only_what_is_not_signed_counts_against_the_limit_of_its_network(
    server_keys: ServerKeys, tmp_path: Path, postgres_url: str
) -> None:
    limits: dict[str, Any] = {"trusted_proxies": "127.0.0.1", "posts_per_minute": 2}
    async with gateway_house(
        database_url=postgres_url,
        server_keys=server_keys,
        packages=tmp_path,
        **SETTINGS,
        **limits,
        twilio_incoming=True,
    ) as house:

        async def posted(**options: str) -> list[int]:
            answers = [await post(house, To="+15550000009", **options) for _ in range(4)]
            return [answer.status_code for answer in answers]

        status = "/texts/status/1"
        assert await posted() == [200] * 4
        assert await posted(path=status, to=status) == [204] * 4
        assert await posted(token="another") == [403, 403, 429, 429]
        assert await posted(token="another", to=status) == [429] * 4
        assert await posted() == [200] * 4
    async with gateway_house(
        database_url=postgres_url, server_keys=server_keys, packages=tmp_path, **limits
    ) as without:
        assert [(await post(without)).status_code for _ in range(3)] == [404, 404, 429]


async def test_it_is_off_unless_a_setting_turns_it_on(
    server_keys: ServerKeys, tmp_path: Path, postgres_url: str
) -> None:
    without: list[dict[str, Any]] = [{}, SETTINGS, {"twilio_callback_url": PUBLIC, "twilio_incoming": True}]
    for settings in without:
        async with gateway_house(
            database_url=postgres_url, server_keys=server_keys, packages=tmp_path, **settings
        ) as house:
            assert (await post(house)).status_code == 404
