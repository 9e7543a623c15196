"""A datatype of an author's brings rules that the page checks before it sends the form (spec/area4 §5.5)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("screens")]


def test_a_rule_of_an_author_keeps_the_form_back_until_it_holds(open_screen: Open, page: Page) -> None:
    open_screen("own-datatypes")
    page.get_by_label("Plate", exact=True).fill("nonsense")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("A plate is two letters and a number.")).to_have_count(1)
    page.get_by_label("Plate", exact=True).fill("AB 12")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#daMainQuestion")).to_have_text("Your car says AB 12")
