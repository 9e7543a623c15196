"""A screen that is shown anew keeps what a person has typed, with focus and caret."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from shared.contracts.session import OpenSession
from tests.browser.gateway.test_check_ins import changed, opened
from tests.browser.gateway.test_live import code_of, until
from tests.flows.gateway.house import House

pytestmark = pytest.mark.browser


async def refreshed(house: House, page: Page) -> None:
    """Show the screen anew, as a command or a timer does."""
    await page.evaluate("document.getElementById('daquestion').dataset.isOld = '1'; daRefreshSubmit()")
    await expect(page.locator("#daquestion:not([data-is-old])")).to_be_visible()
    assert house.double.asked_for(OpenSession)


async def test_typed_values_focus_and_caret_stay_and_new_values_of_the_server_are_shown(
    house: House, page: Page
) -> None:
    await opened(house, page)
    await page.get_by_label("Food").fill("soup")
    await page.get_by_label("Large").check()
    await page.get_by_label("Town").select_option("celle")
    await page.get_by_role("combobox", name="Cheese").fill("Stilton")
    await page.get_by_label("It is hot").check()
    await page.get_by_label("Pear").check()
    await page.get_by_label("Drink").fill("tea")
    await page.get_by_label("Story").fill("Once upon")
    await page.evaluate("getField('story').setSelectionRange(2, 4)")
    house.double.sessions[code_of(house)].steps[-1]["drink"] = "milk"
    await refreshed(house, page)
    names = "['food', 'size', 'town', 'cheese', 'is_hot', 'fruit', 'story', 'drink'].map((name) => val(name))"
    assert await page.evaluate(names) == ["soup", "large", "celle", "Stilton", True, ["pear"], "Once upon", "milk"]
    await expect(page.get_by_role("combobox", name="Cheese")).to_have_value("Stilton")
    story = page.get_by_label("Story")
    await expect(story).to_be_focused()
    assert await story.evaluate("(area) => [area.selectionStart, area.selectionEnd]") == [2, 4]


async def test_a_change_that_was_still_being_typed_is_told_when_the_field_is_left(house: House, page: Page) -> None:
    await opened(house, page)
    await page.get_by_label("Drink").press_sequentially("tea")
    await refreshed(house, page)
    await expect(page.get_by_label("Drink")).to_be_focused()
    assert changed(house) == []
    await page.get_by_label("Food").focus()
    await until(lambda: changed(house) == ["drink"])


async def test_choices_that_a_script_has_set_stay(house: House, page: Page) -> None:
    await opened(house, page)
    await page.evaluate("setChoices('town', [['d', 'Delft'], ['e', 'Edam']]); setField('town', 'e')")
    await refreshed(house, page)
    assert await page.evaluate("[val('town'), getField('town').options.length]") == ["e", 3]
