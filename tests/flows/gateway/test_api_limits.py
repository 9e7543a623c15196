"""Whether and how often programs may call, and what they are told when it was too often (RFC 6585 §4)."""

from __future__ import annotations

from pathlib import Path

import httpx

from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_code
from shared.people.api_keys import ApiKeys
from shared.people.directory import Directory
from tests.flows.gateway.house import House, gateway_house

_CALLS_PER_MINUTE = 3


async def test_a_key_that_calls_too_often_is_told_when_to_go_on_and_others_are_not_held_up(
    postgres_url: str, server_keys: ServerKeys, tmp_path: Path
) -> None:
    async with (
        gateway_house(
            database_url=postgres_url,
            server_keys=server_keys,
            packages=tmp_path,
            api_calls_per_minute=_CALLS_PER_MINUTE,
        ) as house,
        httpx.AsyncClient(base_url=house.url, timeout=10.0) as http,
    ):
        busy, quiet = await _keys(house, server_keys, "busy", "quiet")
        for _ in range(_CALLS_PER_MINUTE):
            answer = await http.get("/api/user", headers={"x-api-key": busy})
            assert answer.status_code == 200, answer.text
        refused = await http.get("/api/user", headers={"x-api-key": busy})
        assert (refused.status_code, refused.headers["content-type"]) == (429, "application/json")
        assert refused.json() == (
            "This API key makes more calls than this server takes; nothing was changed."
            " Wait as long as Retry-After says."
        )
        assert 1 <= int(refused.headers["retry-after"]) <= 60 // _CALLS_PER_MINUTE
        named = {"x-api-key": busy, "idempotency-key": "later"}
        write = await http.patch("/api/user", json={"country": "CH"}, headers=named)
        assert (write.status_code, "retry-after" in write.headers) == (429, True)
        told = await http.get("/api/user", headers={"x-api-key": quiet})
        assert (told.status_code, told.json()["country"]) == (200, "")


async def test_calls_from_one_network_are_limited_before_any_key_is_looked_at(
    postgres_url: str, server_keys: ServerKeys, tmp_path: Path
) -> None:
    settings = {"trusted_proxies": "127.0.0.1", "posts_per_minute": 2}
    async with (
        gateway_house(database_url=postgres_url, server_keys=server_keys, packages=tmp_path, **settings) as house,
        httpx.AsyncClient(base_url=house.url, timeout=10.0) as http,
    ):
        here = {"x-forwarded-for": "203.0.113.7", "x-api-key": "x" * 32}
        for _ in range(2):
            assert (await http.get("/api/user", headers=here)).status_code == 403
        refused = await http.get("/api/user", headers=here)
        assert (refused.status_code, refused.json()[:13]) == (429, "Your network ")
        assert 1 <= int(refused.headers["retry-after"]) <= 30
        elsewhere = await http.get("/api/user", headers={**here, "x-forwarded-for": "203.0.113.8"})
        assert elsewhere.status_code == 403


async def test_without_the_api_there_is_none_of_its_addresses(
    postgres_url: str, server_keys: ServerKeys, tmp_path: Path
) -> None:
    for is_there, status in ((True, 200), (False, 404)):
        async with (
            gateway_house(database_url=postgres_url, server_keys=server_keys, packages=tmp_path, api=is_there) as house,
            httpx.AsyncClient(base_url=house.url, timeout=10.0) as http,
        ):
            [key] = await _keys(house, server_keys, "one")
            for path in ("/api/user", "/api/openapi.json", "/api/docs"):
                assert (await http.get(path, headers={"x-api-key": key})).status_code == status, path


async def _keys(house: House, server_keys: ServerKeys, *names: str) -> list[str]:
    """Keys of one account."""
    clock = SystemClock()
    directory = Directory(database=house.database, server_keys=server_keys, clock=clock)
    new = await directory.prepare(email=f"{new_code(12)}@example.org", password=None)
    async with house.database.transaction() as connection:
        await directory.add(connection, new)
    return [await ApiKeys(clock=clock).make(house.database, new.id, name) for name in names]
