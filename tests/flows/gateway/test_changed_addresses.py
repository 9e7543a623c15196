"""A new e-mail address counts once the link in a letter to it was opened (spec/area2 §12.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from shared.crypto.keys import ServerKeys
from tests.flows.gateway.house import House, gateway_house
from tests.flows.gateway.test_confirmed_addresses import PASSWORD, letters, link_in, send, sign_up

ANN, NEW = "ann@example.org", "ann@new.example.org"


@pytest.fixture
async def house(postgres_url: str, server_keys: ServerKeys, tmp_path: Path) -> AsyncIterator[House]:
    given = {"confirm_addresses": True, "password_memory_kib": 7168}
    async with gateway_house(database_url=postgres_url, server_keys=server_keys, packages=tmp_path, **given) as house:
        await house.database.execute(
            "truncate people.accounts, people.tokens, people.attempts, mailbox.outgoing cascade"
        )
        yield house


@pytest.fixture
async def ann(house: House, server_keys: ServerKeys) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has signed up and is signed in; her letters so far are forgotten."""
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as http:
        await signed_up(house, server_keys, http, ANN)
        yield http


async def signed_up(house: House, server_keys: ServerKeys, http: httpx.AsyncClient, email: str) -> None:
    await sign_up(http, email)
    await send(http, link_in((await letters(house, server_keys))[-1]), password=PASSWORD)
    assert (await http.get("/me")).json()["email"] == email
    await house.database.execute("truncate mailbox.outgoing cascade")


async def asks(http: httpx.AsyncClient, email: str = NEW, password: str = PASSWORD) -> httpx.Response:
    return await send(http, "/user/change-email", email=email, present=password)


async def link_to_new(house: House, server_keys: ServerKeys, address: str = NEW) -> str:
    """The link in the last letter to the new address."""
    return link_in([one for one in await letters(house, server_keys) if one.recipient == address][-1])


async def email_of(http: httpx.AsyncClient) -> str:
    return str((await http.get("/me")).json()["email"])


async def signs_in(house: House, email: str) -> bool:
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as elsewhere:
        return (await send(elsewhere, "/user/sign-in", email=email, password=PASSWORD)).status_code == 303


async def test_the_address_counts_once_its_link_was_opened(
    house: House, server_keys: ServerKeys, ann: httpx.AsyncClient
) -> None:
    assert "Look into your mail" in (await asks(ann)).text
    told = {one.recipient: one.text for one in await letters(house, server_keys)}
    assert NEW in told[ANN], "the old address hears of it"
    assert await email_of(ann) == ANN
    assert not await signs_in(house, NEW)
    link = await link_to_new(house, server_keys)
    assert NEW in (await ann.get(link)).text
    assert await email_of(ann) == ANN, "programs that only look at links change nothing"
    answer = await send(ann, link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/user/profile?done=address")
    assert await email_of(ann) == NEW
    assert await signs_in(house, NEW)
    assert not await signs_in(house, ANN)


async def test_a_link_is_good_once_and_a_new_one_ends_those_before(
    house: House, server_keys: ServerKeys, ann: httpx.AsyncClient
) -> None:
    await asks(ann, "first@example.org")
    first = await link_to_new(house, server_keys, "first@example.org")
    await asks(ann)
    assert (await ann.get(first)).status_code == 404
    link = await link_to_new(house, server_keys)
    page = await ann.get(link)
    assert (await send(ann, link)).status_code == 303
    assert page.status_code == 200
    assert (await ann.get(link)).status_code == 404


async def test_a_link_can_be_opened_in_a_browser_without_a_sign_in(
    house: House, server_keys: ServerKeys, ann: httpx.AsyncClient
) -> None:
    await asks(ann)
    link = await link_to_new(house, server_keys)
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as phone:
        answer = await send(phone, link)
        assert (answer.status_code, answer.headers["location"]) == (303, "/user/sign-in?done=address")
        assert not (await phone.get("/me")).json()["logged_in"]
    assert await email_of(ann) == NEW


async def test_without_the_present_password_nothing_is_changed_or_sent(
    house: House, server_keys: ServerKeys, ann: httpx.AsyncClient
) -> None:
    answer = await asks(ann, password="wrong password")
    assert answer.status_code == 400
    assert "This is not your present password." in answer.text
    assert await letters(house, server_keys) == []


@pytest.mark.parametrize(
    "address", ["nonsense", "a@b@c", "ann@example.org, eve@example.org", "a\r\nBcc: e@example.org"]
)
async def test_what_is_no_address_is_refused(
    house: House, server_keys: ServerKeys, ann: httpx.AsyncClient, address: str
) -> None:
    assert (await asks(ann, address)).status_code == 400
    assert await letters(house, server_keys) == []


async def test_an_address_that_somebody_has_is_told_only_to_who_reads_its_letters(
    house: House, server_keys: ServerKeys, ann: httpx.AsyncClient
) -> None:
    async with httpx.AsyncClient(base_url=house.url, timeout=60) as bob:
        await signed_up(house, server_keys, bob, "bob@example.org")
        taken, free = await asks(ann, "bob@example.org"), await asks(ann, "free@example.org")
        assert (taken.status_code, taken.text) == (free.status_code, free.text)
        await asks(ann, "bob@example.org")
        answer = await send(ann, await link_to_new(house, server_keys, "bob@example.org"))
        assert answer.status_code == 400
        assert await email_of(ann) == ANN
        assert await email_of(bob) == "bob@example.org"


async def test_a_link_of_another_purpose_changes_no_address(
    house: House, server_keys: ServerKeys, ann: httpx.AsyncClient
) -> None:
    await send(ann, "/user/forgot-password", email=ANN)
    token = link_in((await letters(house, server_keys))[-1]).rpartition("/")[2]
    assert (await ann.get(f"/user/confirm-email/{token}")).status_code == 404
