"""Chromium before a gateway with played sessions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from services.gateway import assets
from shared.crypto.keys import ServerKeys
from tests.browser.conftest import PATIENCE_MS
from tests.browser.gateway.live_plays import LIVE_PLAYS
from tests.flows.gateway.house import House, gateway_house
from tests.flows.gateway.plays import PLAYS

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-component-update",
    "--disable-quic",
    "--no-proxy-server",
]


@pytest.fixture
async def house(postgres_url: str, server_keys: ServerKeys, tmp_path: Path) -> AsyncIterator[House]:
    """A gateway that listens, with the libraries its pages need."""
    if not assets.are_present():
        pytest.fail("The browser libraries are missing: run `python -m services.gateway.assets`.", pytrace=False)
    async with gateway_house(
        database_url=postgres_url,
        server_keys=server_keys,
        packages=tmp_path,
        plays={**PLAYS, **LIVE_PLAYS},
        check_in_seconds=1.0,
    ) as house:
        yield house


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A fresh browser; an error in our modules fails the test."""
    errors: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await browser.new_context(viewport={"width": 1005, "height": 1200}, locale="en-US")
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        await browser.close()
    assert errors == []
