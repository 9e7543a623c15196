"""Our trial interviews in one running system, and axe-core, which judges how accessible a page is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from services.gateway import assets
from tests.sites import Site, embedded_site

HERE = Path(__file__).parent
INTERVIEWS = HERE / "interviews"
LOCK_FILE = HERE / "axe.lock.json"

Open = Callable[..., None]

# The page has begun: rare inputs bring a script of their own, for which the document's load event does not wait.
IS_STARTED = "window.daPostURL !== undefined"


@pytest.fixture(scope="package")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Everything in one process, with the interviews that show every kind of screen."""
    with embedded_site(tmp_path_factory.mktemp("screens"), interviews=(INTERVIEWS,)) as running:
        yield running


@pytest.fixture
def open_screen(screens: Site, page: Page) -> Open:
    """Start a trial interview in a session of its own, at the screen that `show` names."""

    def start(interview: str, show: str = "", *, is_broken: bool = False) -> None:
        page.context.clear_cookies()
        page.goto(f"{screens.url}interview?i=screens:{interview}.yml&show={show}&reset=2")
        if page.locator("#da-page").count():
            page.wait_for_function(IS_STARTED)
        elif not is_broken:  # a page that says what is wrong has nothing to begin
            pytest.fail(f"This is no screen:\n{page.locator('body').inner_text()}\n{screens.output('colloquy')}")

    return start


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, fetched once by its lock file and kept beside the browser libraries."""
    folder = assets.VENDOR.parent.parent.parent.parent / ".data" / "tests" / "axe"
    if not assets.are_present(folder, LOCK_FILE):
        registry = assets.registry_of(dict(os.environ), (Path.cwd(), Path.home()))
        assets.fetch_all(registry, folder=folder, lock_file=LOCK_FILE, tell=lambda _: None)
    return (folder / "axe.min.js").read_text(encoding="utf-8")
