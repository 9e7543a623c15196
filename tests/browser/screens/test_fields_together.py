"""Fields that mind one another, rows of a list, and what a form sends."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.screens.conftest import Open
from tests.sites import Site

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("screens")]


def test_fields_come_and_go_with_others(open_screen: Open, page: Page) -> None:
    open_screen("conditions", "shown")
    name, reason, chip = page.get_by_label("Its name"), page.get_by_label("Why not?"), page.get_by_label("Chip number")
    expect(name).to_be_hidden()
    expect(chip).to_be_disabled()
    page.get_by_text("Yes", exact=True).click()
    expect(name).to_be_visible()
    expect(reason).to_be_hidden()
    expect(chip).to_be_enabled()
    page.get_by_text("No", exact=True).click()
    expect(reason).to_be_visible()
    expect(page.get_by_label("Dog licence")).to_be_visible()
    page.get_by_label("Kind", exact=True).select_option("Other")
    expect(page.get_by_label("Which other?")).to_be_visible()
    expect(page.get_by_label("Colour")).to_be_disabled()
    page.get_by_label("Kind", exact=True).select_option("Cat")
    expect(page.get_by_label("Dog licence")).to_be_hidden()
    page.get_by_label("Weight").fill("50")
    expect(page.get_by_label("Heavy, is it?")).to_be_visible()
    reason.fill("Allergy")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#daMainQuestion")).to_have_text("That is all")


def test_boxes_check_and_uncheck_others(open_screen: Open, page: Page) -> None:
    open_screen("conditions", "boxes")
    card, cash = page.get_by_label("I pay by card"), page.get_by_label("I pay in cash")
    page.get_by_label("Everything").check()
    expect(card).to_be_checked()
    expect(cash).to_be_checked()
    page.get_by_label("I do not pay").check()
    expect(card).not_to_be_checked()
    cash.check()
    expect(page.get_by_label("I do not pay")).not_to_be_checked()


def test_one_answer_spares_the_others(open_screen: Open, page: Page) -> None:
    open_screen("conditions", "others")
    page.get_by_label("Number of the contract").fill("17")
    expect(page.get_by_label("Name on the contract")).to_be_disabled()
    expect(page.get_by_label("Date of the contract")).to_be_disabled()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#daMainQuestion")).to_have_text("That is all")


def test_all_and_none_of_the_above(open_screen: Open, page: Page) -> None:
    open_screen("inputs", "picked")
    group = page.get_by_role("group", name="Rooms you use")
    group.get_by_text("All of the above").click()
    expect(group.get_by_label("Cellar")).to_be_checked()
    group.get_by_text("None of the above").click()
    expect(group.locator(":checked")).to_have_count(1)
    group.get_by_text("Bath").click()
    expect(group.get_by_label("None of the above")).not_to_be_checked()


def test_rows_of_a_list_are_added_and_deleted(open_screen: Open, page: Page) -> None:
    open_screen("lists", "collected")
    shown = page.locator(".dacollect:visible")
    page.get_by_label("First name").first.fill("Ann")
    page.get_by_label("Last name").first.fill("Ash")
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.get_by_role("button", name="One more guest").click()
    expect(shown).to_have_count(2)
    expect(page.get_by_text("Guest 2")).to_be_visible()
    assert [post for post in posts if "check" not in post] == []
    expect(shown.last.get_by_label("First name")).to_be_focused()
    page.get_by_role("button", name="One more guest").click()
    expect(shown).to_have_count(3)
    shown.last.get_by_label("First name").fill("Cid")
    shown.last.get_by_label("Last name").fill("Cox")
    page.get_by_role("button", name="Delete").nth(1).click()
    expect(shown.nth(1).get_by_label("First name")).to_be_hidden()
    shown.last.get_by_label("Last name").press("Enter")
    expect(page.get_by_text("Ann Ash and Cid Cox")).to_be_visible()


def test_without_javascript_another_element_comes_from_the_server(screens: Site, browser: Browser) -> None:
    plain = browser.new_context(java_script_enabled=False).new_page()
    plain.goto(f"{screens.url}interview?i=screens:lists.yml&show=collected&reset=2")
    expect(plain.locator(".dacollect:visible")).to_have_count(1)
    plain.get_by_label("First name").first.fill("Ann")
    plain.get_by_label("Last name").first.fill("Ash")
    plain.get_by_role("button", name="One more guest").click()
    expect(plain.locator(".dacollect:visible")).to_have_count(2)
    expect(plain.get_by_label("First name").first).to_have_value("Ann")
    plain.context.close()


def test_a_row_of_a_table_is_deleted_after_a_question(open_screen: Open, page: Page) -> None:
    open_screen("lists", "things_shown")
    expect(page.locator("#daform tbody tr")).to_have_count(3)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("link", name="Delete").first.click()
    expect(page.locator("#daform tbody tr")).to_have_count(2)
    expect(page.get_by_text("Lamp")).to_have_count(0)


def test_a_review_leads_to_the_question_and_back(open_screen: Open, page: Page) -> None:
    open_screen("lists", "overview")
    page.get_by_role("button", name="Edit rent").click()
    expect(page.get_by_label("Rent", exact=True)).to_have_value("850")
    page.get_by_label("Rent", exact=True).fill("900")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("$900.00")).to_be_visible()


def test_inputs_of_every_kind_stand_within_a_sentence(open_screen: Open, page: Page) -> None:
    open_screen("layouts", "embedded")
    sentences = page.locator(".da-subquestion > p")
    expect(sentences).to_have_count(2)
    expect(sentences.last.locator(".da-embedded")).to_have_count(5)
    expect(page.locator(".da-fields .da-field-container")).to_have_count(0)
    bite = page.get_by_label("The bite")
    expect(bite).to_be_hidden()
    sentences.last.get_by_text("gloomy").click()
    expect(bite).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(sentences.last.locator(".da-field-error")).to_have_count(2)
    page.get_by_label("Your name").fill("Ann")
    page.get_by_label("Your place").fill("Bath")
    page.get_by_label("Rent").fill("10")
    page.get_by_label("Pet").select_option("a dog")
    page.get_by_label("bread").check()
    page.get_by_label("is tame").check()
    bite.fill("My hand")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#daMainQuestion")).to_have_text("That is all")


def test_a_logarithmic_slider_and_its_number_follow_each_other(open_screen: Open, page: Page) -> None:
    open_screen("inputs", "typed")
    slider, number = page.get_by_role("slider", name="Savings"), page.get_by_role("spinbutton", name="Savings")
    expect(number).to_have_value("1")
    slider.fill("0.5")
    expect(number).to_have_value("100")
    assert page.evaluate("val('savings')") == "100"
    number.fill("10000")
    expect(slider).to_have_value("1")
    page.evaluate("setField('savings', 10)")
    expect(slider).to_have_value("0.25")


def test_none_of_the_above_stays_when_the_form_is_refused(open_screen: Open, page: Page) -> None:
    open_screen("conditions", "refused")
    group = page.get_by_role("group", name="Colours")
    group.get_by_label("None of the above").check()
    page.get_by_label("Number between").fill("5")
    page.get_by_label("Short word").fill("abc")
    page.get_by_label("E-mail").fill("ann@example.com")
    page.get_by_label("Small").check()
    page.get_by_label("Even number").fill("3")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".da-field-error")).to_have_count(1)
    expect(group.get_by_label("None of the above")).to_be_checked()


def test_a_text_that_is_too_long_is_told_of_and_not_cut(open_screen: Open, page: Page) -> None:
    open_screen("conditions", "refused")
    word = page.get_by_label("Short word")
    word.fill("")
    word.press_sequentially("hippopotamus")
    expect(word).to_have_value("hippopotamus")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("You cannot type more than 6 characters.")).to_be_visible()


def test_a_message_about_the_field_that_is_left_does_not_swallow_the_click_that_leaves_it(
    open_screen: Open, page: Page
) -> None:
    open_screen("conditions", "refused")
    for choice in ("Red", "Green"):
        page.get_by_label("E-mail").fill("no address")
        label = page.locator("label.da-choice", has_text=choice)
        place = label.bounding_box()
        assert place is not None
        page.mouse.move(place["x"] + 10, place["y"] + 3)
        page.mouse.down()
        page.mouse.up()
        expect(page.get_by_label(choice)).to_be_checked()
        expect(page.get_by_text("You need to enter a complete e-mail address.")).to_be_visible()
        page.get_by_label("E-mail").fill("ann@example.com")
        expect(page.get_by_text("You need to enter a complete e-mail address.")).to_have_count(0)


def test_keys_that_leave_a_field_have_its_message_at_once(open_screen: Open, page: Page) -> None:
    open_screen("conditions", "refused")
    page.get_by_label("E-mail").fill("no address")
    page.keyboard.press("Tab")
    expect(page.get_by_text("You need to enter a complete e-mail address.")).to_be_visible()
