"""What stands around a question: sections, menu, buttons, progress, ways out."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens.conftest import Open
from tests.sites import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("screens")]


def test_texts_stand_where_they_belong(open_screen: Open, page: Page) -> None:
    open_screen("around")
    for name in ("daright", "darightbottom"):  # scripts of authors know it by both
        expect(page.locator(f"#{name}")).to_have_text("Text in the right column.")
    order = page.locator(
        ".da-pre, #daMainQuestion, .da-subquestion, .da-submit, .da-field-buttons, .daundertext, .da-post"
    )
    names = order.evaluate_all("parts => parts.map((part) => part.id || part.className.split(' ').at(-1))")
    assert names == [
        "da-pre", "daMainQuestion", "da-subquestion", "da-submit", "da-field-buttons", "daundertext", "da-post",
    ]  # fmt: skip
    bar = page.get_by_role("progressbar", name="Progress")
    expect(bar).to_have_attribute("aria-valuenow", "12")
    expect(bar).to_have_text("12%")


@pytest.mark.parametrize("interview", ["around", "around-horizontal"])
def test_sections_fold_on_a_small_screen(interview: str, open_screen: Open, page: Page) -> None:
    open_screen(interview)
    sections = page.get_by_role("navigation", name="Sections")
    expect(sections.get_by_text("The end")).to_be_visible()
    expect(sections.locator("[aria-current=step]")).to_have_text("Before we start")
    page.set_viewport_size({"width": 360, "height": 800})
    expect(sections.get_by_text("The end")).to_be_hidden()
    sections.get_by_role("button", name="Before we start").click()
    expect(sections.get_by_text("The end")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1005])
def test_the_menu_runs_actions(width: int, open_screen: Open, page: Page) -> None:
    open_screen("around")
    page.set_viewport_size({"width": width, "height": 800})
    page.locator("#damobile-toggler:visible, a.dropdown-toggle:visible").click()
    page.get_by_role("link", name="Show the rules").click()
    expect(page.locator("#daMainQuestion")).to_have_text("The rules")


def test_action_buttons_stand_before_and_after_and_run_their_actions(open_screen: Open, page: Page) -> None:
    open_screen("around")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#daMainQuestion")).to_have_text("How many rooms?")
    row = page.locator(".da-field-buttons .btn")
    expect(row).to_have_text(["One step back", "Before", "Continue", " Count for me", "The rules"])
    page.locator(".daquestionbackbutton").click()
    expect(page.locator("#daMainQuestion")).to_have_text("Where do we begin?")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Count for me").click()
    expect(page.locator("#daflash .alert-success")).to_contain_text("We counted four.")


def test_a_screen_may_forbid_going_back_and_offer_to_begin_again(open_screen: Open, page: Page) -> None:
    open_screen("around")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Rooms", exact=True).fill("3")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#daMainQuestion")).to_have_text("What now?")
    expect(page.locator("button.dabackicon")).to_have_count(0)
    page.get_by_role("button", name="Begin again").click()
    expect(page.locator("#daMainQuestion")).to_have_text("Where do we begin?")


def test_help_of_an_item_stands_in_a_table_too(open_screen: Open, page: Page) -> None:
    open_screen("lists", "overview_table")
    expect(page.locator("td .da-review-help")).to_have_text("Heating is apart")


def test_a_start_with_reset_forgets_what_the_same_session_knew(screens: Site, open_screen: Open, page: Page) -> None:
    open_screen("lists", "overview_table")
    expect(page.locator("#daMainQuestion")).to_have_text("Your answers in a table")
    page.goto(f"{screens.url}interview?i=screens:lists.yml&show=things_shown&reset=1")
    expect(page.locator("#daMainQuestion")).to_have_text("Your things")


def test_an_error_is_a_page_that_says_where_and_what_to_do(screens: Site, page: Page) -> None:
    page.goto(f"{screens.url}interview?i=screens:texts.yml&show=broken&reset=2")
    expect(page).to_have_title("Error")
    expect(page.get_by_text("division by zero").first).to_be_visible()
    expect(page.get_by_text("texts.yml, line").first).to_be_visible()
    expect(page.locator(".da-notice-help strong")).to_have_text("the office")
    expect(page.get_by_role("link", name="All interviews")).to_be_visible()
