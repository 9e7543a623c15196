"""Scripts of authors run, on the first screen and on later ones; what somebody typed does not (spec/area1 §16)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("screens")]


def go_on(page: Page, heading: str) -> None:
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#daMainQuestion")).to_have_text(heading)


def test_scripts_of_every_screen_run_and_stay(open_screen: Open, page: Page) -> None:
    open_screen("own-scripts")
    assert page.evaluate("[window.inFirst, window.fromScript]") == [True, 1]
    page.locator("#handled").click()
    assert page.evaluate("window.handled")
    page.evaluate("$(document).on('daPageLoad', () => { window.told = (window.told || 0) + 1; })")
    go_on(page, "The second screen")
    assert page.evaluate("[window.inSecond, window.fromScript, window.told]") == [True, 2, 1]
    expect(page.locator("#daMainQuestion")).to_have_css("letter-spacing", "3px")
    go_on(page, "The last screen")
    assert page.evaluate("window.told") == 2
    expect(page.locator("#daMainQuestion")).to_have_css("letter-spacing", "3px")


def test_files_of_the_interview_are_loaded_once_and_told_of_every_screen(open_screen: Open, page: Page) -> None:
    open_screen("own-scripts")
    page.wait_for_function("window.ownFile?.screens === 1")
    expect(page.locator("#daMainQuestion")).to_have_css("text-decoration-line", "overline")
    go_on(page, "The second screen")
    page.wait_for_function("window.ownFile.screens === 2")
    assert page.evaluate("window.ownFile.loads") == 1


def test_a_request_for_an_action_keeps_every_letter(open_screen: Open, page: Page) -> None:
    open_screen("own-scripts")
    said = page.evaluate("new Promise((done) => action_call('echo', { text: 'Füße, \u4f60 & 100 % +/=' }, done))")
    assert said == "Füße, 你 & 100 % +/="
    said = page.evaluate("fetch(url_action('echo', { text: 'ä+/=' })).then((answer) => answer.json())")
    assert said == "ä+/="


def test_a_script_that_somebody_typed_does_not_run_where_it_is_echoed(open_screen: Open, page: Page) -> None:
    open_screen("own-scripts")
    page.get_by_label("What").fill("<script>window.intruded = true</script><i>this</i>")
    page.locator("#daMainQuestion").click()
    expect(page.locator("#place i")).to_have_text("this")
    assert page.evaluate("window.intruded") is None


def test_an_error_of_an_action_is_told_to_scripts(open_screen: Open, page: Page) -> None:
    open_screen("own-scripts")
    page.evaluate("$(document).on('daPageError', () => { window.failed = true; })")
    page.evaluate("action_perform('failing')")
    page.wait_for_function("window.failed")
    assert page.title() == "Error"


def test_a_link_to_an_answer_without_a_screen_opens_it(open_screen: Open, page: Page) -> None:
    open_screen("own-scripts")
    go_on(page, "The second screen")
    go_on(page, "The last screen")
    page.get_by_role("button", name="Count").click()
    assert page.evaluate("window.counted") == 3
    page.get_by_role("link", name="Letter").click()
    page.wait_for_url("**/answer?c=*")
    assert page.locator("body").inner_text() == "Dear reader"


def test_an_action_can_be_followed_by_others(open_screen: Open, page: Page) -> None:
    open_screen("own-scripts")
    go_on(page, "The second screen")
    go_on(page, "The last screen")
    page.evaluate("action_perform_with_next('seen', {}, ['what'])")
    expect(page.locator("#daMainQuestion")).to_have_text("The first screen")
    go_on(page, "The last screen")
    expect(page.get_by_text("Seen 1 times.")).to_be_visible()
