"""Pages about accounts on a phone and a desk, light and dark: nothing sticks out, and axe finds no fault."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.screens.test_how_screens_look import FAULTS
from tests.sites import Site

PASSWORD = "correct horse battery"
PAGES = (
    "/user/sign-in", "/user/forgot-password", "/interviews", "/user/profile", "/user/change-password",
    "/user/change-email", "/user/two-factor", "/user/manage", "/",
)  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1200, "light")])
def test_pages_of_accounts_fit_and_can_be_used_by_everybody(
    screens: Site, page: Page, axe: str, width: int, scheme: str
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")

    def judge(name: str) -> None:
        page.evaluate(axe)
        assert page.evaluate(FAULTS, []) == [], name
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, name

    page.goto(f"{screens.url}user/register")
    judge("register")
    page.fill("#f-email", f"person{width}@example.org")
    page.fill("#f-password", PASSWORD)
    page.fill("#f-again", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/interviews")
    for path in PAGES:
        page.goto(screens.url.rstrip("/") + path)
        judge(path)
    page.goto(f"{screens.url}user/change-password")
    page.fill("#f-present", "wrong")
    page.fill("#f-password", PASSWORD)
    page.fill("#f-again", "another")
    page.click("main button[type=submit]")
    page.wait_for_selector("[role=alert]")
    judge("a refused form")
