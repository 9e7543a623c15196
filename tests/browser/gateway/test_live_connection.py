"""The live connection: what is said on it, what becomes of a page when it breaks, and pages that share a session."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from shared.contracts.session import BrowserCommand, CheckIn
from shared.crypto.keys import ServerKeys
from tests.browser.gateway.test_check_ins import changed, opened
from tests.browser.gateway.test_live import code_of, until
from tests.flows.gateway.house import House, gateway_house
from tests.flows.gateway.plays import PLAYS

pytestmark = pytest.mark.browser


async def test_a_connection_that_falls_silent_is_made_anew_and_the_page_looks(
    postgres_url: str, server_keys: ServerKeys, tmp_path: Path, page: Page
) -> None:
    connections: list[WebSocketRoute] = []

    def deaf_at_first(route: WebSocketRoute) -> None:
        connections.append(route)
        server = route.connect_to_server()
        is_deaf = len(connections) == 1
        server.on_message(lambda text: None if is_deaf and "watching" not in str(text) else route.send(text))

    await page.route_web_socket("**/ws", deaf_at_first)
    async with gateway_house(
        database_url=postgres_url,
        server_keys=server_keys,
        packages=tmp_path,
        check_in_seconds=60.0,
        heartbeat_seconds=0.2,
    ) as house:
        await page.goto(f"{house.url}/interview?i=test:waiting.yml")
        await until(lambda: house.double.asked_for(CheckIn) and connections)
        house.double.sessions[code_of(house)].steps[-1]["result"] = "555"
        await house.double.change(code_of(house), ended_tasks=("task-1",))
        await expect(page.locator("#daMainQuestion")).to_have_text("The answer is 555.")
        assert len(connections) > 1


async def test_a_page_whose_gateway_lost_its_bus_looks_by_itself(
    postgres_url: str, server_keys: ServerKeys, tmp_path: Path, page: Page
) -> None:
    async with gateway_house(
        database_url=postgres_url, server_keys=server_keys, packages=tmp_path, plays=PLAYS, check_in_seconds=60.0
    ) as house:
        listening: list[str] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda text: listening.append(str(text))))
        await page.goto(f"{house.url}/interview?i=test:names.yml")
        await until(lambda: house.double.asked_for(CheckIn) and listening)
        house.double.commands = [BrowserCommand(value="Nobody announced this.", extra="flash", notice=1)]
        consumers = [worker.consumer for queue in house.bus._queues.values() for worker in queue.workers]
        [on_gap] = [consumer.on_gap for consumer in consumers if consumer.on_gap is not None]
        on_gap()
        await expect(page.locator("#daflash")).to_contain_text("Nobody announced this.")


async def test_a_page_that_is_open_while_its_gateway_restarts_goes_on_where_it_was(house: House, page: Page) -> None:
    sockets: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda text: sockets.append(socket.url)))
    await page.goto(f"{house.url}/interview?i=test:names.yml")
    await page.get_by_label("First name").fill("Ann")
    await until(lambda: house.double.asked_for(CheckIn) and sockets)
    heard = len(sockets)
    await house.restart()
    await until(lambda: len(sockets) > heard)
    house.double.commands = [BrowserCommand(value="From the new one.", extra="flash", notice=1)]
    await house.double.change(code_of(house), has_notices=True)
    await expect(page.locator("#daflash")).to_contain_text("From the new one.")
    await expect(page.get_by_label("First name")).to_have_value("Ann")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.locator("#daMainQuestion")).to_have_text("Hello, Ann!")


async def test_where_sockets_cannot_even_be_made_the_page_polls(house: House, page: Page) -> None:
    await page.add_init_script("window.WebSocket = class { constructor() { throw new Error('forbidden'); } };")
    await opened(house, page)
    house.double.commands = [BrowserCommand(value="Polled.", extra="flash", notice=1)]
    await expect(page.locator("#daflash")).to_contain_text("Polled.")


async def test_two_tabs_are_both_told_once_and_what_one_does_the_other_sees(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:waiting.yml")
    other = await page.context.new_page()
    await other.goto(f"{house.url}/interview?i=test:waiting.yml")
    await until(lambda: len(house.double.asked_for(CheckIn)) >= 2)
    for tab in (page, other):
        await tab.evaluate("window.told = 0")
    house.double.commands = [BrowserCommand(value="window.told += 1", extra="javascript", notice=7)]
    await house.double.change(code_of(house), has_notices=True)
    await until(lambda: not house.double.commands)
    told = [await tab.evaluate("window.told") for tab in (page, other)]
    assert max(told) == 1
    house.double.sessions[code_of(house)].steps[-1]["result"] = "555"
    await house.double.change(code_of(house), cause="answers", operation_id="of nobody here")
    for tab in (page, other):
        await expect(tab.locator("#daMainQuestion")).to_have_text("The answer is 555.")


async def test_on_a_slow_phone_network_changes_come_in_order_and_nothing_typed_is_lost(
    house: House, page: Page
) -> None:
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("Network.enable")
    slow = {"offline": False, "latency": 300, "downloadThroughput": 50_000, "uploadThroughput": 20_000}
    await devtools.send("Network.emulateNetworkConditions", slow)
    page.set_default_timeout(30_000)
    await opened(house, page)
    for label, typed in (("Food", "soup"), ("Drink", "tea"), ("Story", "Once")):
        await page.get_by_label(label).fill(typed)
    await page.evaluate("daRefreshSubmit()")
    await page.get_by_label("Story").press_sequentially(" upon")
    await page.wait_for_function("!document.body.classList.contains('da-busy')")
    await expect(page.get_by_label("Story")).to_have_value("Once upon")
    await page.get_by_label("Food").focus()
    await until(lambda: changed(house)[-1:] == ["story"])
    assert [name for name in changed(house) if name != "story"] == ["food", "drink"]
    house.double.commands = [BrowserCommand(value="Slow, but here.", extra="flash", notice=3)]
    await house.double.change(code_of(house), has_notices=True)
    await expect(page.locator("#daflash")).to_contain_text("Slow, but here.", timeout=10_000)
