"""A screen that is read aloud by the voices of the browser (`speak_text`, spec/area4 §7.6)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("screens")]

# The machine of a test has no voices: this one writes down what it would say, and is done when it is told so.
NOTED = """
const said = [];
Object.defineProperty(window, 'speechSynthesis', { value: {
  speak: (one) => said.push(one),
  cancel: () => said.splice(0),
} });
Object.assign(window, { said });
"""
SAID = "said.map((one) => [one.lang, one.text])"


def test_a_screen_is_read_from_top_to_bottom_without_what_is_hidden(open_screen: Open, page: Page) -> None:
    page.add_init_script(NOTED)
    open_screen("read-aloud")
    button = page.get_by_role("button", name="Read aloud")
    button.click()
    assert page.evaluate(SAID) == [["en", "Your flat"], ["en", "Tell us about it."], ["en", "Rooms"]]
    stop = page.get_by_role("button", name="Stop reading")
    expect(stop).to_have_attribute("aria-pressed", "true")
    stop.click()
    assert page.evaluate(SAID) == []
    button.click()
    page.evaluate("said.at(-1).onend()")
    expect(button).to_have_attribute("aria-pressed", "false")


def test_the_next_screen_is_silent(open_screen: Open, page: Page) -> None:
    page.add_init_script(NOTED)
    open_screen("read-aloud")
    page.get_by_role("button", name="Read aloud").click()
    page.get_by_label("Rooms").fill("3")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#daMainQuestion")).to_have_text("Thank you")
    assert page.evaluate(SAID) == []
    expect(page.get_by_role("button", name="Read aloud")).to_be_visible()


def test_a_screen_is_read_in_its_language(open_screen: Open, page: Page) -> None:
    page.add_init_script(NOTED)
    open_screen("read-aloud", "spanish")
    page.get_by_role("button", name="Leer en voz alta").click()
    assert page.evaluate(SAID)[0] == ["es", "Your flat"]


def test_a_browser_that_cannot_speak_offers_nothing(open_screen: Open, page: Page) -> None:
    page.add_init_script("Object.defineProperty(window, 'speechSynthesis', { value: undefined });")
    open_screen("read-aloud")
    expect(page.get_by_role("button", name="Read aloud")).to_be_hidden()
