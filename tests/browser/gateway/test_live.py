"""The page hears of what happens elsewhere, and does what it is told, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from playwright.async_api import Page, expect

from shared.contracts.session import BrowserCommand, CheckIn
from tests.flows.gateway.house import House
from tests.flows.gateway.session_double import raw

pytestmark = pytest.mark.browser


async def until(holds: Callable[[], object]) -> None:
    """Wait for something on the server's side."""
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.02)


def code_of(house: House) -> str:
    """The only session there is."""
    return next(iter(house.double.sessions))


async def test_a_waiting_screen_changes_when_its_task_has_ended(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:waiting.yml")
    await expect(page.locator("#daMainQuestion")).to_have_text("Hang tight.")
    await until(lambda: house.double.asked_for(CheckIn))
    house.double.sessions[code_of(house)].steps[-1]["result"] = "555"
    await house.double.change(code_of(house), ended_tasks=("task-1",))
    await expect(page.locator("#daMainQuestion")).to_have_text("The answer is 555.")


async def test_a_waiting_screen_stays_readable_although_its_task_was_quick(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:waiting.yml", wait_until="commit")
    await until(lambda: house.double.sessions)
    house.double.sessions[code_of(house)].steps[-1]["result"] = "555"
    await house.double.change(code_of(house), ended_tasks=("task-1",))
    await expect(page.locator("#daMainQuestion")).to_have_text("Hang tight.")
    await expect(page.locator("#daMainQuestion")).to_have_text("The answer is 555.")


async def test_a_notice_is_carried_out_once_and_acknowledged(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:names.yml")
    await until(lambda: house.double.asked_for(CheckIn))
    house.double.commands = [
        BrowserCommand(value="The <b>answer</b> is 555.", extra="flash", notice=7),
        BrowserCommand(value="window.told = (window.told || 0) + 1", extra="javascript", notice=8),
    ]
    await house.double.change(code_of(house), has_notices=True)
    await expect(page.locator("#daflash")).to_contain_text("The answer is 555.")
    await until(lambda: not house.double.commands)
    assert await page.evaluate("window.told") == 1
    assert await page.locator("#daflash .alert").count() == 1
    await page.wait_for_function("jQuery.active === 0")  # while the live connection is open


async def test_without_a_live_connection_the_page_asks_from_time_to_time(house: House, page: Page) -> None:
    await page.route_web_socket("**/ws", lambda socket: socket.close())
    await page.goto(f"{house.url}/interview?i=test:names.yml")
    await until(lambda: house.double.asked_for(CheckIn))
    house.double.commands = [BrowserCommand(value="Polled.", extra="flash", notice=1)]
    await expect(page.locator("#daflash")).to_contain_text("Polled.")
    assert await page.evaluate("jQuery.active") == 0


async def test_check_in_code_sees_what_was_typed_when_the_field_is_left(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:checking.yml")
    await until(lambda: house.double.asked_for(CheckIn))
    first = house.double.asked_for(CheckIn)[0].call.value
    assert first.arguments["_initial"] is True
    assert first.arguments["_changed"] is None
    answer = BrowserCommand(
        action="look_at_food", value={"target": "feedback", "content": "<i>SOUP</i>!"}, extra="backgroundresponse"
    )
    await page.get_by_label("Food").press_sequentially("soup")
    assert all(one.call.value.arguments["_changed"] is None for one in house.double.asked_for(CheckIn))
    await page.evaluate("$(document).on('daCheckIn', (event, name, value) => { window.heard = [name, value.target]; })")
    house.double.commands = [answer]
    await page.locator("#daMainQuestion").click()
    await expect(page.locator(".datargetfeedback")).to_have_text("SOUP!")
    assert await page.evaluate("window.heard") == ["look_at_food", "feedback"]
    asked = [one.call.value.arguments for one in house.double.asked_for(CheckIn)]
    assert {"food": "soup", "_initial": False, "_changed": "food"} in asked


async def test_a_fields_response_fills_inputs_and_choices(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:many.yml")
    await until(lambda: house.double.asked_for(CheckIn))
    values = {
        "user.name.first": "Ann",
        "fruit": "peach",
        "agrees": True,
        "color": {"choices": [["pink", "Pink"], ["grey", "Grey"]], "value": "grey"},
        "vegetable": {"choices": [["leek", "Leek"]], "value": "leek"},
        "nothing": 1,
    }
    house.double.commands = [BrowserCommand(value=values, extra="fields", notice=1)]
    await house.double.change(code_of(house), has_notices=True)
    await expect(page.get_by_label("First name")).to_have_value("Ann")
    assert await page.evaluate("[val('fruit'), val('color'), val('vegetable')]") == ["peach", "grey", "leek"]


async def test_a_refresh_shows_the_screen_as_it_is_now(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:names.yml")
    await until(lambda: house.double.asked_for(CheckIn))
    house.double.sessions[code_of(house)].steps[-1]["user.name"] = "Zoe"
    house.double.commands = [BrowserCommand(value=None, extra="refresh", notice=1)]
    await house.double.change(code_of(house), has_notices=True)
    await expect(page.locator("#daMainQuestion")).to_have_text("Hello, Zoe!")


async def test_scripts_of_screens_run_in_the_global_scope_and_handlers_persist(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:checking.yml")
    assert await page.evaluate("window.scriptRuns") == 1
    await page.evaluate("$(document).on('daPageLoad', () => { window.loads = (window.loads || 0) + 1; })")
    await page.get_by_label("Food").fill("soup")
    await page.locator("#da-continue-button").click()
    await page.wait_for_function("window.scriptRuns === 2 && window.loads === 1")


async def test_an_action_called_by_a_script_gives_its_data_and_keeps_the_screen(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:names.yml")
    await page.get_by_label("First name").fill("half typed")
    house.double.replies.append(raw('{"sum": 42}', "application/json"))
    sum_of = "() => new Promise((done) => action_call('add', {a: 1}, (data) => done(data.sum)))"
    assert await page.evaluate(sum_of) == 42
    await expect(page.get_by_label("First name")).to_have_value("half typed")
    variables = "() => new Promise((done) => get_interview_variables((data) => done(data.success)))"
    assert await page.evaluate(variables) is True
