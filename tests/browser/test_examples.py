"""Our examples, played by a person: the same lines on one process and on five."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.sites import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("sites")]

PATIENCE_MS = 30_000
"""How long a screen may take on a busy machine; a task of an example alone takes seconds."""


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
    expect(page.locator("#daquestion")).to_contain_text("You pay 800")


def test_without_javascript_a_waiting_screen_goes_on_by_itself(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-US")
    page = context.new_page()
    open_example(page, site, "background-lookup")
    answer(page, Name_of_the_landlord="acme homes")
    answer(page, Your_name="Ana")
    answer(page, Rent_per_month="700")
    heading(page, "Still searching the register …")
    page.locator("#daMainQuestion", has_text="Thank you, Ana").wait_for()
    context.close()


def test_progress_of_long_work_is_seen_live(page: Page, site: Site) -> None:
    open_example(page, site, "live-progress")
    answer(page, Pages="3")
    heading(page, "Page 0 of 3 has been read")
    heading(page, "Page 2 of 3 has been read")
    heading(page, "All 3 pages have been read")


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


def test_the_start_page_lists_the_examples_and_says_what_waits_for_a_service(page: Page, site: Site) -> None:
    page.goto(site.url)
    expect(page.get_by_text("A lookup in the background")).to_be_visible()
    card = page.locator(":is(li, article, .card)", has_text="An e-mail drop box").last
    expect(card).to_contain_text("not")
