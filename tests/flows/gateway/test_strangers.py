"""What strangers may do: little, slowly, under our own name, and never with somebody else's answers."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from services.gateway.housekeeping import Housekeeping
from services.gateway.store import BrowserStore
from shared.contracts.base import Sealed
from shared.contracts.session import EndSession, HttpAnswer, OpenSession, PerformAction, Problem, TurnReply
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import ManualClock
from tests.flows.gateway.conftest import Visitor
from tests.flows.gateway.house import House, gateway_house
from tests.flows.gateway.session_double import action

ELSEWHERE = {"sec-fetch-site": "cross-site"}
NAMES = "/interview?i=test:names.yml"
_ASKS = re.compile(r'<form method="post" action="([^"]+)">\s*<input type="hidden" name="csrf_token" value="([^"]+)"')


async def browsers(house: House) -> int:
    count: int = await house.database.fetchval("select count(*) from gateway.browser_sessions")
    return count


async def confirmed(visitor: Visitor, page: str) -> httpx.Response:
    """Press the button of the page that asks."""
    asked = _ASKS.search(page)
    assert asked is not None, page
    address, token = asked[1].replace("&amp;", "&"), asked[2]
    return await visitor.http.post(address, data={"csrf_token": token}, headers={"sec-fetch-site": "same-origin"})


# Links of other sites
async def test_a_link_of_another_site_to_exit_asks_first(house: House, visitor: Visitor) -> None:
    await visitor.open()
    page = await visitor.http.get("/exit?i=test:names.yml", headers=ELSEWHERE)
    assert "your answers in this interview are deleted" in page.text
    assert len(house.double.sessions) == 1
    assert (await confirmed(visitor, page.text)).status_code == 303
    assert house.double.sessions == {}


@pytest.mark.parametrize("address", [f"{NAMES}&reset=1", f"{NAMES}&reset=2", "/restart_session?i=test:names.yml"])
async def test_a_link_of_another_site_that_starts_over_asks_first(house: House, visitor: Visitor, address: str) -> None:
    await visitor.open()
    page = await visitor.http.get(address, headers=ELSEWHERE, follow_redirects=True)
    assert "the interview begins anew" in page.text
    assert not any(opened.reset for opened in house.double.asked_for(OpenSession))
    await confirmed(visitor, page.text)
    assert house.double.asked_for(EndSession)[-1].how == "restart"


@pytest.mark.parametrize("site", ["none", "same-origin", None])
async def test_a_typed_address_and_our_own_links_start_over_at_once(
    house: House, visitor: Visitor, site: str | None
) -> None:
    await visitor.open()
    await visitor.http.get(f"{NAMES}&reset=1", headers={"sec-fetch-site": site} if site else {})
    assert house.double.asked_for(OpenSession)[-1].reset


async def test_the_page_that_asks_cannot_be_answered_for_another_browser(
    house: House, visitor: Visitor, somebody_else: Visitor
) -> None:
    await visitor.open()
    await somebody_else.open()
    page = await visitor.http.get("/exit?i=test:names.yml", headers=ELSEWHERE)
    assert (await confirmed(somebody_else, page.text)).status_code == 403
    assert len(house.double.sessions) == 2


async def test_a_program_led_here_by_another_site_is_refused(house: House, visitor: Visitor) -> None:
    await visitor.open()
    said = await visitor.http.get(f"{NAMES}&reset=1&json=1", headers=ELSEWHERE)
    assert (said.status_code, said.json()["error"]["reason"]) == (403, "not_allowed")


async def test_arguments_of_actions_lose_their_markup_when_another_site_made_the_link(
    house: House, visitor: Visitor
) -> None:
    await visitor.open()
    call = action("show", text="<script>x</script>Hello <b>you</b>", many=["<i>1</i>"], number=3)
    for site in ("cross-site", "none"):
        asked_for = {"i": "test:names.yml", "action": call}
        await visitor.http.get("/interview", params=asked_for, headers={"sec-fetch-site": site})
    foreign, typed = (asked.call.value.arguments for asked in house.double.asked_for(PerformAction)[-2:])
    assert foreign == {"text": "Hello you", "many": ["1"], "number": 3}
    assert typed["text"].startswith("<script>")


@pytest.mark.parametrize(
    "call",
    [
        action("_da_set", variables=[["user.name", "Eve"]]),
        action("_da_priority_action", _action="_da_undefine", _arguments={"variables": ["user.name"]}),
        action("need", variable="x"),
    ],
)
async def test_a_link_of_another_site_cannot_work_on_variables(house: House, visitor: Visitor, call: str) -> None:
    await visitor.open()
    query = {"i": "test:names.yml", "action": call}
    answer = await visitor.http.get("/interview", params=query, headers=ELSEWHERE)
    assert answer.status_code == 403
    assert "may not ask for this" in answer.text
    assert "What is your name?" in answer.text
    assert house.double.asked_for(PerformAction) == []
    await visitor.http.get("/interview", params=query)
    assert len(house.double.asked_for(PerformAction)) == 1, "a page of ours may"


# Names and addresses
async def test_a_made_up_host_is_refused_and_opens_nothing(house: House, visitor: Visitor) -> None:
    answer = await visitor.http.get(NAMES, headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "COLLOQUY_ALLOWED_HOSTS" in answer.text
    said = await visitor.http.get(NAMES, headers={"host": "evil.example", "accept": "application/json"})
    assert said.json()["error"]["status"] == 400
    assert house.double.asked_for(OpenSession) == []


async def test_metrics_are_for_the_private_network_only(house: House, visitor: Visitor) -> None:
    assert (await visitor.http.get("/metrics")).status_code == 200
    passed_on = await visitor.http.get("/metrics", headers={"x-forwarded-for": "203.0.113.7"})
    assert passed_on.status_code == 404


# Interviews
@pytest.mark.parametrize("status", [42, 101, 600, -1])
async def test_a_status_that_http_does_not_know_is_an_error_of_the_interview(
    house: House, visitor: Visitor, status: int
) -> None:
    house.double.replies = [TurnReply(kind="response", response=Sealed(HttpAnswer(status=status)))]
    answer = await visitor.open()
    assert answer.status_code == 500
    assert "no status of HTTP" in answer.text


async def test_an_error_has_a_number_and_keeps_lines_and_texts_of_code_from_the_public(
    postgres_url: str, server_keys: ServerKeys, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = Problem(
        title="Error",
        message="password sesame",
        file="p:data/questions/a.yml",
        line=3,
        source_line="key = 'sesame'",
        trace="sesame",
        is_from_code=True,
    )
    async with gateway_house(
        database_url=postgres_url, server_keys=server_keys, packages=tmp_path, public_url="https://forms.example.org"
    ) as house:
        visitor = Visitor(house.url)
        async with visitor.http:
            for query in ({}, {"json": "1"}):
                house.double.replies = [TurnReply(kind="problem", problem=Sealed(problem))]
                answer = await visitor.open(**query)
                assert answer.status_code == 500
                assert "sesame" not in answer.text
                number = re.search(r"The number of this error is (\w+)", answer.text)
                assert number is not None
                logged = capsys.readouterr().out
                assert number[1] in logged
                assert "sesame" not in logged


# Rows
async def test_only_who_sees_a_screen_is_stored(house: House, visitor: Visitor, somebody_else: Visitor) -> None:
    before = await browsers(house)
    for _ in range(3):
        missing = await visitor.open("test:nothing.yml")
        assert (missing.status_code, "set-cookie" in missing.headers) == (404, False)
        await visitor.http.get("/interview")
    assert await browsers(house) == before
    await visitor.open()
    await visitor.open()
    await somebody_else.open()
    assert await browsers(house) == before + 2
    assert visitor.facts["user_id"] != somebody_else.facts["user_id"]


async def test_browsers_not_seen_for_long_are_forgotten(house: House, visitor: Visitor) -> None:
    await visitor.open()
    seen = await house.database.fetchval("select max(seen_at) from gateway.browser_sessions")
    clock = ManualClock(seen + timedelta(days=30))
    before = await browsers(house)
    tidying = Housekeeping(
        store=BrowserStore(database=house.database), clock=clock, kept_days=31.0, every_seconds=3600.0
    )
    await tidying.tidy()
    assert await browsers(house) == before
    await clock.advance(2 * 24 * 3600.0)
    await tidying.tidy()
    assert await browsers(house) == 0
    assert (await visitor.open()).status_code == 200


# Behind a proxy, and too much
async def test_behind_a_trusted_proxy_callers_are_limited_by_their_own_address_and_cookies_are_secure(
    postgres_url: str, server_keys: ServerKeys, tmp_path: Path
) -> None:
    settings = {"trusted_proxies": "127.0.0.1", "opens_per_minute": 2, "posts_per_minute": 1}
    async with gateway_house(
        database_url=postgres_url, server_keys=server_keys, packages=tmp_path, **settings
    ) as house:
        visitor = Visitor(house.url)
        async with visitor.http:
            forwarded = {"x-forwarded-for": "203.0.113.7", "x-forwarded-proto": "https"}
            page = await visitor.http.get(NAMES, headers=forwarded)
            assert all("; Secure" in line for line in page.headers.get_list("set-cookie"))
            assert "max-age" in page.headers["strict-transport-security"]
            visitor.http.cookies.clear()
            await visitor.http.get(NAMES, headers=forwarded)
            refused = await visitor.http.get(NAMES, headers=forwarded)
            assert refused.status_code == 429
            assert "Wait a moment" in refused.text
            said = await visitor.http.get(f"{NAMES}&json=1", headers=forwarded)
            assert (said.status_code, said.json()["error"]["reason"]) == (429, "too_many_requests")
            plain = await visitor.http.get(NAMES, headers={"x-forwarded-for": "203.0.113.8"})
            assert plain.status_code == 200
            assert "; Secure" not in plain.headers["set-cookie"]


async def test_a_request_whose_head_or_body_does_not_come_is_given_up(
    postgres_url: str, server_keys: ServerKeys, tmp_path: Path
) -> None:
    async with gateway_house(
        database_url=postgres_url, server_keys=server_keys, packages=tmp_path, receive_seconds=0.2
    ) as house:
        assert await _told(house, b"GET / HT") == b""
        body = b"POST /checkin HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nConnection: close\r\n"
        assert b" 408 " in await _told(house, body + b"Content-Type: application/x-www-form-urlencoded\r\n\r\na=")


async def test_a_head_without_end_is_refused(house: House) -> None:
    assert b" 400 " in await _told(house, b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000)


async def _told(house: House, sent: bytes) -> bytes:
    """Everything that is answered until the server closes the connection."""
    address = urlsplit(house.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(sent)
    try:
        return await asyncio.wait_for(reader.read(), 10.0)
    except ConnectionResetError:
        return b" 400 "
    finally:
        writer.close()
