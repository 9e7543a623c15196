"""Without a mouse: where the focus goes, what keys do, and what a screen reader is told."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("screens")]


def test_the_first_tab_stop_leads_past_the_navigation_bar(open_screen: Open, page: Page) -> None:
    open_screen("around")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the question")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#daMainQuestion")).to_be_focused()


def test_a_new_screen_begins_at_its_heading(open_screen: Open, page: Page) -> None:
    open_screen("around")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#daMainQuestion")).to_have_text("How many rooms?")
    expect(page.locator("#daMainQuestion")).to_be_focused()


def test_a_refused_form_leads_to_its_first_mistake_and_says_it(open_screen: Open, page: Page) -> None:
    open_screen("conditions", "refused")
    number = page.get_by_label("Number between three and nine")
    number.fill("2")
    page.get_by_role("button", name="Continue").click()
    expect(number).to_be_focused()
    expect(number).to_have_attribute("aria-invalid", "true")
    expect(number).to_have_accessible_description("You need to enter a number that is at least 3.")
    expect(page.get_by_role("radiogroup")).to_have_accessible_description("You need to select one.")
    number.fill("4")
    expect(number).not_to_have_attribute("aria-invalid", "true")
    expect(number).to_have_accessible_description("")


def test_what_the_server_refuses_has_the_focus_too(open_screen: Open, page: Page) -> None:
    open_screen("conditions", "refused")
    page.get_by_label("Number between three and nine").fill("5")
    page.get_by_label("Short word").fill("door")
    page.get_by_label("E-mail").fill("ana@example.org")
    page.get_by_text("Green", exact=True).click()
    page.get_by_text("Small", exact=True).click()
    page.get_by_label("Even number").fill("7")
    page.get_by_role("button", name="Continue").click()
    even = page.get_by_label("Even number")
    expect(even).to_have_accessible_description("An even number is needed.")
    expect(even).to_be_focused()
    even.fill("8")
    page.get_by_role("button", name="Continue").click()
    number = page.get_by_label("Number between three and nine")
    expect(number).to_have_accessible_description("Not five, today.")
    expect(number).to_be_focused()
    number.fill("6")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Six does not go with anything here.")).to_be_visible()
    number.fill("7")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#daMainQuestion")).to_have_text("That is all")


def test_a_combobox_is_used_by_keys(open_screen: Open, page: Page) -> None:
    open_screen("inputs", "picked")
    landlord = page.get_by_role("combobox", name="Landlord")
    landlord.press("ArrowDown")
    expect(landlord).to_have_attribute("aria-expanded", "true")
    landlord.press("ArrowDown")
    landlord.press("ArrowDown")
    active = landlord.get_attribute("aria-activedescendant")
    expect(page.locator(f"[id='{active}']")).to_have_text("Blue Door Lettings")
    landlord.press("Enter")
    expect(landlord).to_have_value("Blue Door Lettings")
    expect(landlord).to_have_attribute("aria-expanded", "false")
    landlord.fill("c")
    expect(page.locator(".combobox-container .dropdown-item:visible")).to_have_count(2)
    landlord.press("Escape")
    expect(landlord).to_have_attribute("aria-expanded", "false")
    landlord.fill("Someone else")
    assert page.evaluate("val('landlord')") == "Someone else"


def test_a_combobox_asks_the_interview_what_fits(open_screen: Open, page: Page) -> None:
    open_screen("inputs", "picked")
    street = page.get_by_role("combobox", name="Street of the town")
    street.press_sequentially("ap")
    expect(page.locator(".dropdown-item:visible")).to_have_text(["Apple Lane", "Apron Alley"])
    page.locator(".dropdown-item:visible").last.click()
    assert page.evaluate("val('ajax_street')") == "Apron Alley"


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_pop_overs_open_by_keys_and_close_by_escape(key: str, open_screen: Open, page: Page) -> None:
    open_screen("around")
    term = page.get_by_role("button", name="deposit")
    term.focus()
    term.press(key)
    expect(page.get_by_role("tooltip")).to_contain_text("Money the landlord keeps")
    term.press("Escape")
    expect(page.get_by_role("tooltip")).to_have_count(0)
    expect(term).to_be_focused()


def test_the_help_of_a_field_goes_away_when_it_is_left(open_screen: Open, page: Page) -> None:
    open_screen("inputs", "typed")
    page.locator("label", has_text="Rooms").locator("a").click()
    expect(page.get_by_text("but not the kitchen")).to_be_visible()
    page.get_by_label("Street", exact=True).focus()
    expect(page.get_by_text("but not the kitchen")).to_have_count(0)


def test_help_opens_in_place_of_the_question_and_gives_it_back(open_screen: Open, page: Page) -> None:
    open_screen("around")
    page.locator("#dahelptoggle").click()
    expect(page.get_by_role("heading", name="About beginning")).to_be_focused()
    expect(page.get_by_text("Answer one question after another.")).to_be_visible()
    expect(page.locator("#daquestion")).to_be_hidden()
    page.locator("#dabackToQuestion").click()
    expect(page.locator("#daMainQuestion")).to_be_focused()
    expect(page.locator("#dahelp")).to_be_hidden()
