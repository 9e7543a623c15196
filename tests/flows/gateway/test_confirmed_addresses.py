"""Sign-up where addresses are confirmed: no account before the link, none for somebody else, and no telling."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.mailbox.outgoing import Letter, Outgoing
from tests.flows.gateway.house import House, gateway_house

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
PASSWORD = "correct horse battery"


@pytest.fixture
async def house(postgres_url: str, server_keys: ServerKeys, tmp_path: Path) -> AsyncIterator[House]:
    given = {"confirm_addresses": True, "password_memory_kib": 7168}
    async with gateway_house(database_url=postgres_url, server_keys=server_keys, packages=tmp_path, **given) as house:
        await house.database.execute(
            "truncate people.accounts, people.tokens, people.attempts, mailbox.outgoing cascade"
        )
        yield house


async def letters(house: House, server_keys: ServerKeys) -> list[Letter]:
    """All letters that are to go out."""
    outgoing = Outgoing(sealer=server_keys.at_rest, clock=SystemClock())
    rows = await house.database.fetch("select id from mailbox.outgoing order by created_at")
    found = [await outgoing.find(house.database, row[0]) for row in rows]
    return [one.letter for one in found if one is not None and one.letter is not None]


async def send(http: httpx.AsyncClient, path: str, **values: str) -> httpx.Response:
    page = (await http.get(path)).text
    hidden = {name: unescape(value) for name, value in _HIDDEN.findall(page)}
    return await http.post(path, data=hidden | values)


async def sign_up(http: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
    return await send(http, "/user/register", email=email, password=password, again=password)


def link_in(letter: Letter) -> str:
    found = re.search(r"https?://[^/\s]+(/\S+)", letter.text)
    assert found is not None
    return found[1]


async def test_an_account_is_made_when_the_link_is_opened_and_the_password_typed(
    house: House, server_keys: ServerKeys
) -> None:
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
        assert "Look into your mail" in (await sign_up(http, "ann@example.org")).text
        assert await house.database.fetchval("select count(*) from people.accounts") == 0
        [letter] = await letters(house, server_keys)
        assert (await send(http, link_in(letter), password="wrong password")).status_code == 403
        answer = await send(http, link_in(letter), password=PASSWORD)
        assert (answer.status_code, answer.headers["location"]) == (303, "/interviews")
        assert (await http.get("/me")).json()["email"] == "ann@example.org"
        assert (await http.get(link_in(letter))).status_code == 404


async def test_nobody_prepares_an_account_for_somebody_else(house: House, server_keys: ServerKeys) -> None:
    """Mallory signs up with Ann's address; Ann, who opens the link, does not know the password: no account."""
    async with (
        httpx.AsyncClient(base_url=house.url, timeout=60) as mallory,
        httpx.AsyncClient(base_url=house.url, timeout=60) as ann,
    ):
        await sign_up(mallory, "ann@example.org", "password of mallory")
        [letter] = await letters(house, server_keys)
        assert (await send(ann, link_in(letter), password=PASSWORD)).status_code == 403
        assert await house.database.fetchval("select count(*) from people.accounts") == 0


async def test_signing_up_does_not_tell_whether_an_address_has_an_account(
    house: House, server_keys: ServerKeys
) -> None:
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
        await sign_up(http, "ann@example.org")
        await send(http, link_in((await letters(house, server_keys))[0]), password=PASSWORD)
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as stranger:
        known, unknown = [await sign_up(stranger, email) for email in ("ann@example.org", "bob@example.org")]
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
    assert "There is one already" in (await letters(house, server_keys))[1].text


async def test_forgotten_passwords_leave_no_link_for_addresses_without_an_account(
    house: House, server_keys: ServerKeys
) -> None:
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
        answer = await send(http, "/user/forgot-password", email="nobody@example.org")
    assert "Look into your mail" in answer.text
    assert await letters(house, server_keys) == []
    assert await house.database.fetchval("select count(*) from people.tokens") == 0


async def test_what_letters_say_lies_sealed_in_the_database(house: House, server_keys: ServerKeys) -> None:
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
        await sign_up(http, "canary@example.org")
    [letter] = await letters(house, server_keys)
    token = link_in(letter).rpartition("/")[2]
    for table in ("mailbox.outgoing", "people.tokens", "bus.outbox"):
        rows = repr([dict(row) for row in await house.database.fetch(f"select * from {table}")])
        assert "canary" not in rows
        assert token not in rows


async def test_bots_that_look_at_the_forms_leave_no_browsers_behind(house: House) -> None:
    before = await house.database.fetchval("select count(*) from gateway.browser_sessions")
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
        for path in ("/user/sign-in", "/user/register", "/user/forgot-password"):
            assert (await http.get(path)).status_code == 200
    assert await house.database.fetchval("select count(*) from gateway.browser_sessions") == before
