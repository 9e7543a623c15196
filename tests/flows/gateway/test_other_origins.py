"""Front ends of other origins: only those that the operator named, and only with what cookies may do."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from services.gateway.settings import GatewaySettings
from shared.crypto.keys import ServerKeys
from tests.flows.gateway.conftest import Visitor
from tests.flows.gateway.house import House, gateway_house

APP = "https://app.example.org"


def preflight(origin: str) -> dict[str, str]:
    return {"origin": origin, "access-control-request-method": "POST"}


async def test_without_a_word_of_the_operator_no_other_origin_reads_anything(house: House, visitor: Visitor) -> None:
    answer = await visitor.http.get("/interview?i=test:names.yml&json=1", headers={"origin": APP})
    assert "access-control-allow-origin" not in answer.headers
    asked = await visitor.http.options("/interview", headers=preflight(APP))
    assert "access-control-allow-origin" not in asked.headers


async def test_a_named_origin_works_with_the_visitors_cookies(
    postgres_url: str, server_keys: ServerKeys, tmp_path: Path
) -> None:
    origins = f"{APP}, https://other.example.org"
    async with (
        gateway_house(
            database_url=postgres_url, server_keys=server_keys, packages=tmp_path, allowed_origins=origins
        ) as house,
        httpx.AsyncClient(base_url=house.url, timeout=60) as http,
    ):
        asked = await http.options("/interview", headers=preflight(APP))
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == APP
        assert asked.headers["access-control-allow-credentials"] == "true"
        own = {"origin": APP, "sec-fetch-site": "same-site"}
        answer = await http.get("/interview?i=test:names.yml&json=1&reset=1", headers=own)
        assert answer.headers["access-control-allow-origin"] == APP
        assert answer.json()["questionText"] == "What is your name?"
        again = await http.get("/interview?i=test:names.yml&json=1&reset=1", headers=own)
        assert again.status_code == 200, "it is no foreign page that has to ask first"
        stranger = await http.get("/interview?i=test:names.yml&json=1", headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in stranger.headers


async def test_every_origin_may_read_what_needs_no_cookie(
    postgres_url: str, server_keys: ServerKeys, tmp_path: Path
) -> None:
    async with (
        gateway_house(
            database_url=postgres_url, server_keys=server_keys, packages=tmp_path, allowed_origins="*"
        ) as house,
        httpx.AsyncClient(base_url=house.url, timeout=60) as http,
    ):
        answer = await http.get("/interview?i=test:names.yml&json=1", headers={"origin": APP})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("wrong", ["app.example.org", "https://app.example.org/", "ftp://a.example", "https://"])
def test_what_is_no_origin_is_refused_at_the_start(wrong: str) -> None:
    with pytest.raises(ValidationError, match="is no origin"):
        GatewaySettings.model_validate({"allowed_origins": wrong})
