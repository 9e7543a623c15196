"""The address for operators is there for who knows the token of the settings, and only then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.gateway.settings import GatewaySettings
from shared.bus.cloudevents import Codec
from shared.contracts.catalog import message_types
from shared.contracts.scheduler import FireNow
from shared.crypto.keys import ServerKeys
from shared.kernel.settings import SettingsInvalid
from tests.flows.gateway.conftest import Visitor
from tests.flows.gateway.house import House, gateway_house


async def test_without_a_token_in_the_settings_there_is_no_such_address(visitor: Visitor) -> None:
    for headers in ({}, {"authorization": "Bearer x"}):
        assert (await visitor.http.get("/api/tasks", headers=headers)).status_code == 404


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="24 characters"):
        GatewaySettings.load(operator_token="secret")


TOKEN = "a token that nobody guesses"


@pytest.fixture
async def operators(postgres_url: str, server_keys: ServerKeys, tmp_path: Path) -> AsyncIterator[House]:
    async with gateway_house(
        database_url=postgres_url, server_keys=server_keys, packages=tmp_path, operator_token=TOKEN
    ) as house:
        await house.database.execute("delete from bus.outbox")
        yield house


async def fires_asked_for(house: House, keys: ServerKeys) -> list[FireNow]:
    codec = Codec(types=message_types(), sealer=keys.transport)
    rows = await house.database.fetch("select body from bus.outbox where type like '%FireNow'")
    found = [(await codec.read(row["body"])).message for row in rows]
    return [message for message in found if isinstance(message, FireNow)]


async def test_an_operators_program_lets_a_cron_type_run_once(operators: House, server_keys: ServerKeys) -> None:
    headers = {"authorization": f"Bearer {TOKEN}", "idempotency-key": "tonight"}
    async with httpx.AsyncClient(base_url=operators.url, timeout=60) as http:
        answers = [await http.post("/api/cron/nightly", headers=headers) for _ in range(2)]
        other = await http.post("/api/cron/nightly", headers=headers | {"idempotency-key": "tomorrow"})
    assert [answer.status_code for answer in answers] == [202, 202]
    (fire_id,) = {answer.json()["fire"] for answer in answers}
    assert other.json()["fire"] != fire_id
    asked = await fires_asked_for(operators, server_keys)
    assert {(message.fire_id, message.cron_type) for message in asked} == {
        (fire_id, "nightly"),
        (other.json()["fire"], "nightly"),
    }


async def test_what_is_no_cron_type_or_comes_without_the_token_is_refused(
    operators: House, server_keys: ServerKeys
) -> None:
    async with httpx.AsyncClient(base_url=operators.url, timeout=60) as http:
        assert (await http.post("/api/cron/nightly")).status_code == 401
        assert (await http.post("/api/cron/nightly", headers={"authorization": "Bearer x"})).status_code == 401
        refused = await http.post("/api/cron/my%20type", headers={"authorization": f"Bearer {TOKEN}"})
        assert (refused.status_code, refused.json()["error"]) == (400, "BadCronType")
    assert await fires_asked_for(operators, server_keys) == []
