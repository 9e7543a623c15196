"""An interview within an element of another page, in a browser (spec/area2 §2.3)."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.flows.gateway.house import House

pytestmark = pytest.mark.browser


async def test_an_interview_is_answered_within_an_element_of_another_page(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/user/sign-in")
    await page.evaluate("document.body.insertAdjacentHTML('beforeend', '<div id=\"here\"></div>')")
    await page.add_script_tag(url=f"{house.url}/interview?i=test:names.yml&js_target=here")
    frame = page.frame_locator("#here iframe")
    await frame.get_by_label("First name").fill("Ann")
    await frame.locator("#da-continue-button").click()
    await expect(frame.locator("#daMainQuestion")).to_have_text("Hello, Ann!")
    assert page.url.endswith("/user/sign-in")
