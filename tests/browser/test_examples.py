"""Our examples, played by a person: the same lines on one process and on five."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from tests.sites import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("sites")]

PATIENCE_MS = 30_000
"""How long a screen may take on a busy machine; a task of an example alone takes seconds."""


NOTE_BARS = """() => {
  window.moved = [];
  let screen = null;
  new MutationObserver(() => {
    const shown = document.querySelector('.da-task-progress');
    const words = shown?.querySelector('.da-task-message').textContent;
    if (words && shown === screen) window.moved.push([words, shown.querySelector('.progress-bar').style.width]);
    screen = shown;
  }).observe(document.body, { subtree: true, childList: true });
}"""
"""Notes what the bars of tasks say when they say something new without a new screen."""


def open_example(page: Page, site: Site, name: str) -> None:
    page.goto(f"{site.url}interview?i=colloquy.examples:data/questions/{name}.yml&reset=1")


def answer(page: Page, **values: str) -> None:
    for label, value in values.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(value)
    page.get_by_role("button", name="Continue").click()


def heading(page: Page, text: str) -> None:
    expect(page.locator("#daMainQuestion")).to_have_text(text, timeout=PATIENCE_MS)


def test_a_lookup_runs_while_the_person_goes_on(page: Page, site: Site) -> None:
    open_example(page, site, "background-lookup")
    answer(page, Name_of_the_landlord="acme homes")
    heading(page, "What is your name?")
    answer(page, Your_name="Ana")
    answer(page, Rent_per_month="700")
    heading(page, "Still searching the register …")
    page.evaluate("window.isTheSamePage = true")
    heading(page, "Thank you, Ana")
    expect(page.locator("#daquestion")).to_contain_text("Acme Homes Ltd")
    assert page.evaluate("window.isTheSamePage"), "the change was pushed into the open page"
    page.go_back()
    heading(page, "What is the rent, Ana?")
    expect(page.get_by_label("Rent per month")).to_have_value("700")
    answer(page, Rent_per_month="800")
    heading(page, "Thank you, Ana")
    expect(page.locator("#daquestion")).to_contain_text("You pay $800.00 a month.")


def test_without_javascript_a_waiting_screen_goes_on_by_itself(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-US")
    page = context.new_page()
    open_example(page, site, "background-lookup")
    answer(page, Name_of_the_landlord="acme homes")
    answer(page, Your_name="Ana")
    answer(page, Rent_per_month="700")
    # On a machine that is busy the search may be over before the last answer has been given.
    expect(page.locator("#daMainQuestion")).to_have_text(re.compile("Still searching|Thank you"), timeout=PATIENCE_MS)
    heading(page, "Thank you, Ana")
    context.close()


def test_a_form_answers_while_it_is_filled_in(page: Page, site: Site) -> None:
    open_example(page, site, "live-budget")
    rest = page.locator("#daquestion")
    expect(rest).to_contain_text("Left at the end of the month: $0.00", timeout=PATIENCE_MS)
    for label, amount, left in (("Income per month", "1,500", "$1,500.00"), ("Rent", "700", "$800.00")):
        page.get_by_label(label, exact=True).fill(amount)
        page.get_by_label(label, exact=True).blur()
        expect(rest).to_contain_text(f"Left at the end of the month: {left}", timeout=PATIENCE_MS)
    answer(page, Everything_else="300")
    heading(page, "$500.00 are left every month")


def test_progress_of_long_work_is_seen_live(page: Page, site: Site) -> None:
    open_example(page, site, "live-progress")
    answer(page, Pages="3")
    heading(page, "Page 0 of 3 has been read")
    page.evaluate(NOTE_BARS)
    heading(page, "Page 2 of 3 has been read")
    heading(page, "All 3 pages have been read")
    moved = page.evaluate("window.moved")
    assert moved, "the bar of a task moved while its screen stayed"
    for words, width in moved:
        line = int(words.removeprefix("Line ").partition(" of page ")[0])
        assert width == f"{line * 10}%"


@pytest.mark.parametrize("site", ["five processes"], indirect=True)
def test_a_page_outlives_a_restart_of_its_gateway(page: Page, site: Site) -> None:
    open_example(page, site, "live-progress")
    answer(page, Pages="4")
    heading(page, "Page 0 of 4 has been read")
    page.evaluate("window.isTheSamePage = true")
    site.kill("gateway")
    expect(page.locator(".da-offline")).to_be_visible(timeout=PATIENCE_MS)
    site.start("gateway")
    heading(page, "All 4 pages have been read")
    expect(page.locator(".da-offline")).to_have_count(0)
    assert page.evaluate("window.isTheSamePage")


def test_what_one_person_adds_appears_with_the_other(page: Page, site: Site) -> None:
    open_example(page, site, "two-people")
    heading(page, "What we need to bring")
    link = page.locator("#daquestion a[href*='session=']").first.get_attribute("href")
    assert link
    browser = page.context.browser
    assert browser
    other = browser.new_context(locale="en-US")
    friend = other.new_page()
    friend.goto(link)
    heading(friend, "What we need to bring")
    page.get_by_role("link", name="Add something").click()
    answer(page, Thing="A passport")
    heading(page, "What we need to bring")
    expect(page.locator("#daquestion")).to_contain_text("A passport")
    expect(friend.locator("#daquestion")).to_contain_text("A passport")
    other.close()


def test_the_start_page_lists_the_examples_and_none_waits_for_anything(page: Page, site: Site) -> None:
    page.goto(site.url)
    for title in (
        "A lookup in the background",
        "An e-mail drop box",
        "A form that answers while you fill it in",
        "A letter assembled in the background",
    ):
        expect(page.locator("article").get_by_role("link", name=title, exact=True)).to_be_visible()
    expect(page.locator(".da-start-missing, .da-start-problem")).to_have_count(0)


def test_a_letter_is_assembled_while_the_person_waits(page: Page, site: Site) -> None:
    open_example(page, site, "letter-in-background")
    answer(page, Your_name="Ana", Name_of_the_landlord="Acme Homes", Write_by="2031-05-02")
    heading(page, "Is there something to be repaired?")
    page.get_by_role("button", name="Yes").click()
    answer(page, Description="The lamp in the hall")
    heading(page, "Is there anything else to be repaired?")
    page.get_by_role("button", name="No").click()
    heading(page, "Your letter is ready, Ana")
    with page.expect_download(timeout=PATIENCE_MS) as download:
        page.get_by_role("link", name="Download it").click()
    text = " ".join(PdfReader(download.value.path()).pages[0].extract_text().split())
    assert "Dear Acme Homes, the following has to be repaired by May 2, 2031" in text
    assert "1. The lamp in the hall With kind regards Ana" in text
