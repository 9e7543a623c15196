"""Sign-in with an OpenID Connect provider: the way there and back, and every way it can be tampered with."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.crypto.keys import ServerKeys
from tests.flows.gateway.house import House, gateway_house
from tests.flows.gateway.openid_provider import CLIENT, SECRET, Provider, running_provider
from tests.flows.gateway.test_confirmed_addresses import PASSWORD, send

ANN = {"sub": "ann-there", "email": "ann@example.org", "email_verified": True, "given_name": "Ann"}


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Provider:
    running.person, running.wrong, running.signs_with, running.publishes = dict(ANN), {}, 0, 0
    return running


@pytest.fixture
async def house(postgres_url: str, server_keys: ServerKeys, tmp_path: Path, provider: Provider) -> AsyncIterator[House]:
    given = {
        "oidc_issuer": provider.url,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "password_memory_kib": 7168,
    }
    async with gateway_house(database_url=postgres_url, server_keys=server_keys, packages=tmp_path, **given) as house:
        await house.database.execute(
            "truncate people.accounts, people.tokens, people.attempts, people.identities cascade"
        )
        yield house


@pytest.fixture
async def ann(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
        yield http


async def come_in(http: httpx.AsyncClient, provider: Provider, **query: str) -> httpx.Response:
    away = await http.get("/user/elsewhere", params=query)
    assert away.status_code == 303, away.text
    return await http.get(provider.let_in(away.headers["location"]))


async def me(http: httpx.AsyncClient) -> dict[str, Any]:
    said: dict[str, Any] = (await http.get("/me")).json()
    return said


async def test_who_comes_for_the_first_time_gets_an_account_and_later_the_same(
    house: House, provider: Provider, ann: httpx.AsyncClient
) -> None:
    answer = await come_in(ann, provider, next="/user/profile")
    assert (answer.status_code, answer.headers["location"]) == (303, "/user/profile")
    first = await me(ann)
    assert (first["email"], first["first_name"]) == ("ann@example.org", "Ann")
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as elsewhere:
        await come_in(elsewhere, provider)
        assert (await me(elsewhere))["user_id"] == first["user_id"]
    assert "without a password" in (await ann.get("/user/profile")).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "of somebody else"},
        {"aud": "another site"},
        {"iss": "https://evil.example"},
        {"exp": int(time.time()) - 3600},
        {"azp": "another site"},
    ],
)
async def test_a_token_that_is_not_for_us_now_is_refused(
    house: House, provider: Provider, ann: httpx.AsyncClient, wrong: dict[str, Any]
) -> None:
    provider.wrong = wrong
    assert (await come_in(ann, provider)).status_code == 403
    assert await me(ann) == {"logged_in": False}


async def test_a_token_signed_by_somebody_else_is_refused(
    house: House, provider: Provider, ann: httpx.AsyncClient
) -> None:
    provider.signs_with = 1
    assert (await come_in(ann, provider)).status_code == 403


async def test_keys_that_were_rotated_are_fetched_again(
    house: House, provider: Provider, ann: httpx.AsyncClient
) -> None:
    await come_in(ann, provider)
    provider.signs_with = provider.publishes = 1
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as elsewhere:
        assert (await come_in(elsewhere, provider)).status_code == 303


async def test_an_answer_that_this_browser_did_not_ask_for_is_refused(
    house: House, provider: Provider, ann: httpx.AsyncClient
) -> None:
    """Somebody sends Ann's browser their own answer, so that she works in their account."""
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as mallory:
        away = await mallory.get("/user/elsewhere")
        back = provider.let_in(away.headers["location"])
    assert (await ann.get(back)).status_code == 403
    await ann.get("/user/elsewhere")
    assert (await ann.get(back)).status_code == 403
    assert await me(ann) == {"logged_in": False}


async def test_an_answer_works_once(house: House, provider: Provider, ann: httpx.AsyncClient) -> None:
    away = await ann.get("/user/elsewhere")
    back = provider.let_in(away.headers["location"])
    assert (await ann.get(back)).status_code == 303
    assert (await ann.get(back)).status_code == 403


async def test_an_address_does_not_take_over_an_account(
    house: House, provider: Provider, ann: httpx.AsyncClient
) -> None:
    await send(ann, "/user/register", email="ann@example.org", password=PASSWORD, again=PASSWORD)
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as elsewhere:
        answer = await come_in(elsewhere, provider)
        assert "There is an account with your e-mail address already" in answer.text
        assert await me(elsewhere) == {"logged_in": False}


async def test_its_owner_connects_an_account_and_comes_in_both_ways(
    house: House, provider: Provider, ann: httpx.AsyncClient
) -> None:
    await send(ann, "/user/register", email="ann@example.org", password=PASSWORD, again=PASSWORD)
    answer = await come_in(ann, provider, connect="1")
    assert answer.headers["location"] == "/user/profile?done=connected"
    number = (await me(ann))["user_id"]
    new = "another horse battery"
    await send(ann, "/user/change-password", present=PASSWORD, password=new, again=new)
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as elsewhere:
        await come_in(elsewhere, provider)
        assert (await me(elsewhere))["user_id"] == number
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as elsewhere:
        await send(elsewhere, "/user/sign-in", email="ann@example.org", password=new)
        assert (await me(elsewhere))["user_id"] == number


async def test_an_address_that_was_not_confirmed_there_makes_no_account(
    house: House, provider: Provider, ann: httpx.AsyncClient
) -> None:
    provider.person["email_verified"] = False
    assert "has confirmed" in (await come_in(ann, provider)).text
    assert await house.database.fetchval("select count(*) from people.accounts") == 0


async def test_a_closed_account_stays_closed(house: House, provider: Provider, ann: httpx.AsyncClient) -> None:
    await come_in(ann, provider)
    await house.database.execute("update people.accounts set is_active = false")
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as elsewhere:
        assert "closed" in (await come_in(elsewhere, provider)).text


async def test_there_and_back_leads_to_no_other_site(house: House, provider: Provider, ann: httpx.AsyncClient) -> None:
    answer = await come_in(ann, provider, next="https://evil.example/x")
    assert answer.headers["location"] == "/x"
