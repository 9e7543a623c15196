"""What scripts of interviews may count on: functions, events, names in the page (spec/area1 §16)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("screens")]


def test_functions_of_scripts_are_global_and_told_of_each_screen(open_screen: Open, page: Page) -> None:
    open_screen("scripts")
    assert page.evaluate("authorsOwn()") == "authors own"
    assert page.evaluate("window.loads") == 1
    expect(page.locator("body")).to_have_class("dabody da-pad-for-navbar question-what-do-scripts-find")
    page.evaluate("daRefreshSubmit()")
    page.wait_for_function("window.loads >= 2")


def test_scripts_find_the_question_as_data_where_the_interview_sends_it(open_screen: Open, page: Page) -> None:
    open_screen("scripts")
    told = page.evaluate("daQuestionData")
    assert (told["questionText"], told["questionType"]) == ("What do scripts find?", "fields")
    assert [one["variable_name"] for one in told["fields"]][:3] == ["given_name", "agrees", "size"]
    open_screen("whereabouts")
    assert page.evaluate("window.daQuestionData ?? null") is None


def test_values_are_read_and_written_by_the_names_of_variables(open_screen: Open, page: Page) -> None:
    open_screen("scripts")
    page.evaluate("""() => {
        setField('given_name', 'Ana'); setField('agrees', true); setField('size', 'Large'); setField('is_so', false);
        setField('fruit', ['Pear']); setField('town', 'Bonn'); setField('owner', 'Bob');
    }""")
    read = "['given_name','agrees','size','is_so','fruit','town','owner','nowhere'].map((name) => val(name))"
    assert page.evaluate(read) == ["Ana", True, "Large", False, ["Pear"], "Bonn", "Bob", None]
    assert page.evaluate("""[val("fruit['Pear']"), val("fruit['Apple']"), val('fruit[nota]')]""") == [
        True,
        False,
        False,
    ]
    expect(page.get_by_label("Extra")).to_be_visible()
    names = ["given_name", "agrees", "size", "is_so", "fruit", "town", "owner", "extra"]
    assert page.evaluate("getFields()") == names
    assert page.evaluate("getField('given_name') === document.getElementById('Z2l2ZW5fbmFtZQ')")
    page.evaluate("setChoices('town', [['c', 'Celle'], ['Bonn', 'Bonn']])")
    assert page.evaluate("[...getField('town').options].map((one) => one.text)") == ["Select...", "Celle", "Bonn"]
    assert page.evaluate("val('town')") == "Bonn"


def test_a_script_calls_an_action_and_gets_its_data(open_screen: Open, page: Page) -> None:
    open_screen("scripts")
    answer = page.evaluate("new Promise((done) => action_call('doubled', { number: 21 }, done))")
    assert answer == {"twice": 42}
    page.evaluate("action_perform('seen_by_script', { word: 'luck' })")
    expect(page.locator("#daMainQuestion")).to_have_text("A script brought you here")
    expect(page.get_by_text("With luck.")).to_be_visible()


def test_a_change_is_told_to_the_interview_and_its_answer_fills_the_place(open_screen: Open, page: Page) -> None:
    open_screen("scripts")
    page.evaluate("$(document).on('daCheckIn', (event, action) => { window.heard = action; })")
    expect(page.locator("#authors-place")).to_have_text("Heard nothing")
    page.get_by_label("Name").fill("Ana")
    page.get_by_label("Town").focus()
    expect(page.locator("#authors-place")).to_have_text("Heard given_name")
    page.wait_for_function("window.heard === 'saved_as_typed'")


def test_a_link_runs_a_script_and_a_flash_is_shown(open_screen: Open, page: Page) -> None:
    open_screen("scripts")
    page.get_by_role("link", name="Add one").click()
    assert page.evaluate("window.clicked") == 1
    page.evaluate("flash('Saved <b>now</b>', 'info')")
    expect(page.locator("#daflash .alert-info")).to_contain_text("Saved now")
    page.evaluate("flash(null, null, true)")
    expect(page.locator("#daflash .alert")).to_have_count(0)
