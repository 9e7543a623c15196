"""A browser, and whole systems to point it at: everything in one process, and five processes on RabbitMQ."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright import async_api, sync_api
from playwright.sync_api import Browser, Page, sync_playwright

from tests.sites import Site, distributed_site, embedded_site

ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync"
    " --disable-component-update --disable-quic --no-proxy-server"
)

PATIENCE_MS = 20_000
"""How long a test waits for what must come. A machine that runs other tests beside this one is slow, not wrong."""


def pytest_configure() -> None:
    sync_api.expect.set_options(timeout=PATIENCE_MS)
    async_api.expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module", params=["one process", "five processes"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running system with our examples; a test that uses it runs on both forms."""
    start = {"one process": embedded_site, "five processes": distributed_site}[request.param]
    with start(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. It ends with its module, because its event loop would be in the way of asynchronous tests."""
    path = os.environ.get("COLLOQUY_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "There is no Chromium; run `make test`, or set COLLOQUY_CHROMIUM to its path."
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS.split())
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a visitor nobody knows; errors of its scripts fail the test."""
    context = browser.new_context(viewport={"width": 1005, "height": 900}, locale="en-US")
    opened = context.new_page()
    failures: list[str] = []
    opened.on("pageerror", lambda error: failures.append(str(error)))
    yield opened
    context.close()
    assert failures == []
