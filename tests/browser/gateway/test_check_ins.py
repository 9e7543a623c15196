"""When the page calls the server, what it sends, and in which order it does what it is told (spec/area1 §12, §13)."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from shared.contracts.session import BrowserCommand, CheckIn, SubmitAnswers
from tests.browser.gateway.test_live import code_of, until
from tests.flows.gateway.house import House

pytestmark = pytest.mark.browser


def arguments(house: House) -> list[dict[str, Any]]:
    """What check-in code was given, call by call."""
    return [one.call.value.arguments for one in house.double.asked_for(CheckIn)]


def changed(house: House) -> list[str]:
    """The inputs whose changes were told, in order."""
    return [one["_changed"] for one in arguments(house) if one["_changed"]]


def filled(target: str, content: str) -> BrowserCommand:
    return BrowserCommand(action="taste", value={"target": target, "content": content}, extra="backgroundresponse")


async def opened(house: House, page: Page) -> None:
    """The screen, after its first check-in has been answered."""
    await page.goto(f"{house.url}/interview?i=test:tasting.yml")
    await until(lambda: arguments(house))
    await page.wait_for_function(
        "performance.getEntriesByType('resource').some((one) => one.name.includes('/checkin?'))"
    )


async def test_changes_wait_for_the_one_under_way_and_are_told_as_one_each(house: House, page: Page) -> None:
    await opened(house, page)
    await page.evaluate("$(document).on('ajaxStop', () => { window.stops = (window.stops || 0) + 1; })")
    hold = asyncio.Event()
    house.double.held.append(hold)
    await page.evaluate("setField('food', 'soup')")
    await until(lambda: changed(house) == ["food"])
    await page.evaluate("setField('drink', 'tea'); setField('story', 'A'); setField('drink', 'milk')")
    assert await page.evaluate("jQuery.active") > 0
    hold.set()
    await until(lambda: len(changed(house)) == 3)
    assert changed(house) == ["food", "story", "drink"]
    told = [one for one in arguments(house) if one["_changed"] == "story"]
    assert told[0]["drink"] == "milk", "the form is sent as it is when its turn comes"
    await page.wait_for_function("jQuery.active === 0")
    assert await page.evaluate("window.stops") == 1


async def test_an_answer_that_comes_too_late_is_dropped_but_not_what_it_tells_of_tasks(
    house: House, page: Page
) -> None:
    hold = asyncio.Event()
    house.double.held.append(hold)
    house.double.commands = [filled("first", "old"), BrowserCommand(value="A task is done.", extra="flash", notice=5)]
    await page.goto(f"{house.url}/interview?i=test:tasting.yml")
    await until(lambda: arguments(house))
    house.double.commands = [filled("first", "new")]
    await page.evaluate("setField('food', 'soup')")
    await expect(page.locator(".datargetfirst")).to_have_text("new")
    hold.set()
    await expect(page.locator("#daflash")).to_contain_text("A task is done.")
    assert await page.locator(".datargetfirst").text_content() == "new"


async def test_every_command_of_an_answer_is_carried_out_in_order(house: House, page: Page) -> None:
    await opened(house, page)
    await page.evaluate("$(document).on('daCheckIn', (event, name, value) => { window.heard = [name, value.length]; })")
    places = [{"target": "first", "content": "<b>1</b>"}, {"target": "sec-ond", "content": "2"}]
    house.double.commands = [
        BrowserCommand(action="taste", value=places, extra="backgroundresponse"),
        BrowserCommand(value={"nowhere": 1, "size": [1], "fruit": "no list", "drink": "tea"}, extra="fields", notice=2),
        BrowserCommand(value={"fruit": ["pear"], "is_hot": True}, extra="fields", notice=4),
        BrowserCommand(value="Told.", extra="flash", notice=3),
    ]
    await house.double.change(code_of(house), has_notices=True)
    await expect(page.locator("#daflash")).to_contain_text("Told.")
    assert await page.locator(".datargetfirst b").text_content() == "1"
    assert await page.locator(".datargetsecond").text_content() == "2"
    await expect(page.get_by_label("Drink")).to_have_value("tea")
    assert await page.get_by_label("Pear").is_checked(), "a bare list is the value of a group of boxes"
    assert await page.get_by_label("It is hot").is_checked()
    assert await page.evaluate("window.heard") == ["taste", 2]
    await until(lambda: not house.double.commands)


async def test_what_is_sent_is_raw_and_an_unticked_box_is_named(house: House, page: Page) -> None:
    await opened(house, page)
    assert arguments(house)[0] == {
        "food": "", "drink": "", "story": "", "town": "", "cheese": "", "_initial": True, "_changed": None,
    }  # fmt: skip
    await page.get_by_label("It is hot").check()
    await until(lambda: changed(house) == ["is_hot"])
    assert arguments(house)[-1]["is_hot"] == "True"
    await page.get_by_label("Apple").check()
    await until(lambda: changed(house)[-1] == "fruit['apple']")
    assert arguments(house)[-1]["fruit['apple']"] == "True"
    await page.get_by_label("It is hot").uncheck()
    await until(lambda: changed(house)[-1] == "is_hot")
    assert "is_hot" not in arguments(house)[-1]
    assert arguments(house)[-1]["_initial"] is False


async def test_a_new_screen_is_announced_before_its_check_in_is_answered(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:checking.yml")
    await until(lambda: arguments(house))
    await page.evaluate(
        "window.order = []; $(document).on('daPageLoad daCheckIn', (event) => { window.order.push(event.type); })"
    )
    house.double.pause = asyncio.Event()
    await page.get_by_label("Food").fill("soup")
    await page.get_by_role("button", name="Continue").click()
    await until(lambda: house.double.asked_for(SubmitAnswers))
    await page.evaluate("window.order = []")
    house.double.commands = [filled("feedback", "new")]
    house.double.pause.set()
    await expect(page.locator(".datargetfeedback")).to_have_text("new")
    assert await page.evaluate("window.order") == ["daPageLoad", "daCheckIn"]


async def test_a_screen_that_is_switched_off_never_asks(house: House, page: Page) -> None:
    calls: list[str] = []
    page.on("request", lambda request: calls.append(request.url))
    await page.goto(f"{house.url}/interview?i=test:quiet.yml")
    await page.get_by_label("Food").fill("soup")
    await page.get_by_label("Food").blur()
    await house.double.change(code_of(house), has_notices=True)
    await page.wait_for_timeout(300)  # three times what a first check-in takes to begin
    assert not [url for url in calls if "/checkin?" in url]


async def test_a_change_that_could_not_be_told_is_told_again(house: House, page: Page) -> None:
    await opened(house, page)
    await page.route(re.compile(r"/checkin\?"), lambda route: route.abort())
    await page.get_by_label("Food").fill("soup")
    await page.get_by_label("Food").blur()
    await expect(page.locator(".da-offline")).to_be_visible()
    assert changed(house) == []
    await page.unroute(re.compile(r"/checkin\?"))
    await until(lambda: changed(house) == ["food"])
    await expect(page.locator(".da-offline")).to_have_count(0)


async def test_code_that_refreshes_in_a_circle_is_slowed_down(house: House, page: Page) -> None:
    lines: list[str] = []
    page.on("console", lambda line: lines.append(line.text))
    await page.route(
        re.compile(r"/checkin\?"),
        lambda route: route.fulfill(
            json={"success": True, "commands": [{"action": "taste", "value": None, "extra": "refresh"}], "version": 1}
        ),
    )
    await page.goto(f"{house.url}/interview?i=test:tasting.yml")
    await until(lambda: any("again and again" in line for line in lines))


async def test_what_is_too_long_for_a_check_in_leaves_only_its_code_out(house: House, page: Page) -> None:
    await opened(house, page)
    await page.evaluate("getField('story').value = 'x'.repeat(400_000)")
    house.double.commands = [BrowserCommand(value="Told.", extra="flash", notice=1)]
    await page.evaluate("$(getField('story')).trigger('change')")
    await expect(page.locator("#daflash")).to_contain_text("Told.")
    assert house.double.asked_for(CheckIn)[-1].call is None


async def test_a_session_that_is_gone_is_shown_as_it_is(house: House, page: Page) -> None:
    await opened(house, page)
    code = code_of(house)
    await page.evaluate("window.isOld = true")
    del house.double.sessions[code]
    await page.get_by_label("Food").fill("soup")
    await page.get_by_label("Food").blur()
    await page.wait_for_function("window.isOld === undefined && document.readyState === 'complete'")
    await expect(page.locator("#daMainQuestion")).to_have_text("What do you taste?")
    assert code_of(house) != code
