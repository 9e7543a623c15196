"""What a page tells beside its fields: where the browser is, what its inputs mean; and pictures in the menu."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("screens")]

TOLD = "document.querySelector('input[name=_track_location]').value !== ''"
VARNAMES = "JSON.parse(atob(document.querySelector('input[name=_varnames]').value))"


def test_where_the_browser_is_comes_with_the_form(open_screen: Open, page: Page) -> None:
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"latitude": 53.5, "longitude": 10.25})
    open_screen("whereabouts")
    page.get_by_label("Name", exact=True).fill("Bea")
    page.wait_for_function(TOLD)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#daMainQuestion")).to_have_text("Bea is at 53.5, 10.25")
    expect(page.locator("input[name=_track_location]")).to_have_count(0)


def test_a_browser_that_does_not_tell_where_it_is_says_why(open_screen: Open, page: Page) -> None:
    page.context.clear_permissions()
    open_screen("whereabouts")
    page.get_by_label("Name", exact=True).fill("Bea")
    page.wait_for_function(TOLD)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#daMainQuestion")).to_contain_text("denied")


def test_scripts_find_what_inputs_mean_in_hidden_fields(open_screen: Open, page: Page) -> None:
    open_screen("whereabouts")
    nickname = page.evaluate("btoa('nickname').replace(/=+$/, '')")
    assert nickname in page.evaluate(VARNAMES).values()
    for name in ("_datatypes", "_event", "_tracker", "_checkboxes", "_empties"):
        expect(page.locator(f"#daform > input[type=hidden][name={name}]")).to_have_count(1)


def test_an_entry_of_the_menu_may_have_a_picture_before_its_words(open_screen: Open, page: Page) -> None:
    open_screen("whereabouts")
    page.locator("#damobile-toggler:visible, a.dropdown-toggle:visible").click()
    entry = page.locator('xpath=//a[text()="About this"]')
    expect(entry.locator(".da-menu-icon i")).to_have_count(1)
    entry.click()
    expect(page.locator("#daMainQuestion")).to_have_text("About this interview")
