"""Uploads and signatures as a person with a browser meets them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.sites import Site, embedded_site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("papers")]

INTERVIEWS = Path(__file__).parent / "interviews"


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with embedded_site(tmp_path_factory.mktemp("papers"), interviews=(INTERVIEWS,)) as running:
        yield running


def picture(width: int, height: int) -> FilePayload:
    made = io.BytesIO()
    Image.effect_noise((width, height), 80).save(made, "PNG")
    return {"name": "me.png", "mimeType": "image/png", "buffer": made.getvalue()}


def start(page: Page, site: Site) -> None:
    page.goto(f"{site.url}interview?i=papers:papers.yml&reset=2")


def heading(page: Page, text: str) -> None:
    expect(page.locator("#daMainQuestion")).to_have_text(text)


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Continue", exact=True).click()


def draw(page: Page) -> None:
    canvas = page.locator("#dasigcanvas")
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 60, steps=5)
    page.mouse.up()


def test_a_picture_is_made_smaller_sent_and_shown_beside_the_signature(page: Page, papers: Site) -> None:
    start(page, papers)
    chooser = page.locator("input[type=file]")
    chooser.set_input_files([picture(400, 200), picture(20, 10)])
    page.wait_for_function(
        "[...document.querySelector('input[type=file]').files].every((one) => one.name === 'me.jpg')"
    )
    go_on(page)
    heading(page, "Your name")
    draw(page)
    go_on(page)
    heading(page, "Your initials")
    go_on(page)
    heading(page, "Thank you")
    pictures = page.locator("#daquestion img.daicon")
    expect(pictures).to_have_count(3)
    page.wait_for_function(
        "[...document.querySelectorAll('#daquestion img.daicon')].every((one) => one.naturalWidth > 0)"
    )
    sizes = pictures.evaluate_all("(all) => all.map((one) => [one.naturalWidth, one.naturalHeight])")
    assert sizes[:2] == [[40, 20], [20, 10]]
    expect(page.locator("#daquestion")).to_contain_text("[me.jpg] [True] [True]")


def test_a_file_and_a_signature_that_are_needed_are_asked_for_in_words(page: Page, papers: Site) -> None:
    start(page, papers)
    go_on(page)
    expect(page.locator("#daquestion")).to_contain_text("You must provide a file.")
    page.locator("input[type=file]").set_input_files([picture(20, 10)])
    go_on(page)
    heading(page, "Your name")
    go_on(page)
    expect(page.locator("#dasigerror")).to_have_text("You must sign your name to continue.")
    draw(page)
    page.locator("#dasigclear").click()
    go_on(page)
    expect(page.locator("#dasigerror")).to_have_text("You must sign your name to continue.")
    draw(page)
    go_on(page)
    heading(page, "Your initials")


def test_without_scripts_a_file_is_sent_by_the_form_itself(browser: Browser, papers: Site) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-US")
    page = context.new_page()
    start(page, papers)
    page.locator("input[type=file]").set_input_files([picture(20, 10)])
    go_on(page)
    heading(page, "Your name")
    go_on(page)
    heading(page, "Your name")
    expect(page.locator("#daquestion")).to_contain_text("You must sign your name to continue.")
    context.close()
