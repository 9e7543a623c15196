"""What a browser fetches for its first page, and that it fetches it once."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.bench.live import TRANSFERRED
from tests.flows.gateway.house import House

pytestmark = pytest.mark.browser

BUDGET = 120 * 1024
"""With Bootstrap and jQuery. A phone on a slow network waits some ten seconds for it, once."""


async def test_the_first_page_stays_within_its_bytes_and_the_next_one_fetches_only_itself(
    house: House, page: Page
) -> None:
    await page.goto(f"{house.url}/interview?i=test:names.yml", wait_until="networkidle")
    parts = await page.evaluate(TRANSFERRED)
    assert {"jquery.min.js", "bootstrap.min.css", "main.js"} <= set(parts)
    assert sum(parts.values()) < BUDGET, parts
    fetched: list[str] = []
    page.on("requestfinished", lambda request: fetched.append(request.url))
    await page.get_by_label("First name").fill("Ann")
    await page.locator("#da-continue-button").click()
    await expect(page.locator("#daMainQuestion")).to_have_text("Hello, Ann!")
    assert [url for url in fetched if "/static/" in url and not url.endswith(".svg")] == []


async def test_parts_that_few_screens_need_come_with_the_first_of_them(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:tasting.yml")
    await expect(page.locator(".combobox-container")).to_have_count(1)
    parts = await page.evaluate(TRANSFERRED)
    assert "combobox.js" in parts
    assert not {"signature.js", "uploads.js", "collect.js", "bootstrap-icons.woff2"} & set(parts)
