"""A person fills in forms."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, expect

from shared.contracts.session import OpenSession, PerformAction, SubmitAnswers
from tests.flows.gateway.house import House
from tests.flows.gateway.session_double import encoded

pytestmark = pytest.mark.browser


async def at_rest(page: Page) -> None:
    """Wait as browser suites do: until nothing a person waits for is under way."""
    await page.wait_for_function("() => document.readyState === 'complete' && window.jQuery && jQuery.active === 0")


async def press(page: Page, text: str) -> None:
    """A scripted click on a button found by its exact text, as browser suites do it."""
    await page.locator("#daMainQuestion").click()
    await page.locator(f'xpath=//button[text()="{text}"]').first.evaluate("button => button.click()")
    await at_rest(page)


async def test_a_form_is_sent_without_a_new_document(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:names.yml")
    await page.evaluate("window.stayed = true")
    await page.get_by_label("First name").fill("Ann")
    await press(page, "Continue")
    await expect(page.locator("#daMainQuestion")).to_have_text("Hello, Ann!")
    assert await page.evaluate("window.stayed") is True
    assert page.url.endswith("i=test%3Adata%2Fquestions%2Fnames.yml#page2")


async def test_a_required_field_is_asked_for_before_anything_is_sent(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:names.yml")
    await press(page, "Continue")
    await expect(page.get_by_text("You need to fill this in.")).to_be_visible()
    assert house.double.asked_for(SubmitAnswers) == []
    await page.get_by_label("First name").fill("Ann")
    await expect(page.get_by_text("You need to fill this in.")).to_have_count(0)


async def test_the_button_that_was_pressed_is_what_is_saved(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:yesno.yml")
    await press(page, "No")
    await expect(page.locator("#daMainQuestion")).to_have_text("You said False.")


async def test_back_and_the_back_button_of_the_browser_go_back(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:names.yml")
    await page.get_by_label("First name").fill("Ann")
    await press(page, "Continue")
    await page.locator("button.dabackicon").click()
    await expect(page.locator("#daMainQuestion")).to_have_text("What is your name?")
    await page.get_by_label("First name").fill("Bea")
    await press(page, "Continue")
    await page.go_back()
    await expect(page.locator("#daMainQuestion")).to_have_text("What is your name?")


async def test_a_link_with_an_action_changes_the_screen_in_place(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:names.yml")
    await page.get_by_label("First name").fill("Ann")
    await press(page, "Continue")
    await page.locator('xpath=//a[text()="Change this"]').click()
    await at_rest(page)
    call = house.double.asked_for(PerformAction)[0].call.value
    assert (call.action, call.arguments) == ("rename", {"to": "Zoe"})


async def test_fields_appear_and_vanish_with_the_answers_they_depend_on(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:many.yml")
    await at_rest(page)
    await expect(page.get_by_label("Why plums?")).to_be_hidden()
    await page.locator('xpath=//div[contains(@class,"da-legend")][text()="Favorite fruit"]/following-sibling::div'
                       '//span[text()="Plum"]/..').click()  # fmt: skip
    await expect(page.get_by_label("Why plums?")).to_be_visible()
    dog = page.locator('xpath=//form[@id="daform"]//span[text()="I have a dog that bites"]')
    await expect(dog).to_be_hidden()
    await page.get_by_text("Dog", exact=True).click()
    await expect(dog).to_be_visible()
    assert await page.evaluate("val('animals')") == ["dog"]
    assert await page.evaluate("val(\"animals['dog']\")") is True
    await page.get_by_text("None of the above").click()
    await expect(dog).to_be_hidden()
    assert await page.evaluate("val('animals')") == []


async def test_what_is_hidden_is_not_sent(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:many.yml")
    await at_rest(page)
    for label, value in (("First name", "Ann"), ("Last name", "Lee"), ("E-mail", "a@b.example"), ("Income", "1,000"),
                         ("Date of birth", "2000-01-02"), ("Vegetable", "Leek")):  # fmt: skip
        await page.get_by_label(label).first.fill(value)
    await page.get_by_label("Colour").select_option(label="Green")
    await page.get_by_text("Apple", exact=True).click()
    await page.get_by_text("Cat", exact=True).click()
    await press(page, "Continue")
    submission = house.double.asked_for(SubmitAnswers)[0].submission.value
    posted = {one.name: one.value for one in submission.inputs}
    assert posted[encoded("color")] == "green"
    assert posted[encoded("vegetable")] == "Leek"
    assert posted[encoded("animals[B'Y2F0']")] == "True"
    assert encoded("reason") not in posted
    assert submission.visible is not None
    assert encoded("color") in submission.visible
    assert encoded("reason") not in submission.visible


async def test_messages_of_validation_read_as_authors_know_them(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:many.yml")
    await at_rest(page)
    await page.get_by_label("E-mail").first.fill("a@b")
    await page.get_by_label("Income").fill("5")
    await press(page, "Continue")
    for words in ("You need to enter a complete e-mail address.", "You need to enter a number that is at least 10.",
                  "You need to select one.", "You need to select one or type in a new value.",
                  "Check at least one option, or check “None of the above”"):  # fmt: skip
        await expect(page.get_by_text(words).first).to_be_visible()
    assert house.double.asked_for(SubmitAnswers) == []


async def test_what_was_typed_is_judged_when_its_input_is_left_and_nothing_else_is(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:many.yml")
    await at_rest(page)
    await page.get_by_label("First name").focus()
    await page.get_by_label("Income").fill("5")
    await page.get_by_label("Income").blur()
    await expect(page.get_by_text("You need to enter a number that is at least 10.")).to_be_visible()
    await expect(page.get_by_text("You need to fill this in.")).to_have_count(0)


async def test_a_combobox_offers_its_list_and_takes_other_words(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:many.yml")
    await at_rest(page)
    await page.locator("button.dacomboboxtoggle").click()
    await page.locator(".combobox-container .dropdown-item", has_text="Potato").click()
    assert await page.evaluate("val('vegetable')") == "potato"
    await page.get_by_label("Vegetable").fill("Tur")
    await expect(page.locator(".combobox-container .dropdown-item:visible")).to_have_count(1)
    assert await page.evaluate("val('vegetable')") == "Tur"


async def test_a_signature_is_drawn_and_sent(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:sign.yml")
    await at_rest(page)
    await page.locator("a.dasigsave").click()
    await at_rest(page)
    await expect(page.get_by_text("You must sign your name to continue.")).to_be_visible()
    box = await page.locator("#dasigcanvas").bounding_box()
    assert box is not None
    for right, down in ((20, 20), (20, 40), (40, 40)):
        await page.mouse.click(box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2 + down)
    await page.locator("a.dasigsave").click()
    await at_rest(page)
    await expect(page.locator("#daMainQuestion")).to_have_text("Signed: 1")
    picture = next(iter(house.double.sessions.values())).answers["_the_image"]
    assert picture.endswith("image/png")


async def test_help_and_menu_are_where_browser_suites_look_for_them(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:many.yml")
    await at_rest(page)
    await page.locator("#dahelptoggle").click()
    await expect(page.get_by_text("How to fill this in")).to_be_visible()
    await page.locator("#dabackToQuestion").click()
    await expect(page.locator("#daMainQuestion")).to_be_visible()
    await page.locator('label[for] a[aria-label="Help"]').first.click()
    await expect(page.get_by_text("We write to you only once.")).to_be_visible()
    await page.locator("#daMainQuestion").click()
    await expect(page.get_by_text("We write to you only once.")).to_have_count(0)
    await page.locator("a.dropdown-toggle").click()
    await page.locator('xpath=//a[text()="Review Answers"]').click()
    await at_rest(page)
    assert house.double.asked_for(PerformAction)[0].call.value.action == "review"


async def test_review_links_have_a_text_of_their_own_behind_the_icon(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:review.yml")
    await page.locator('xpath=//a[text()=" Edit"]').click()
    await at_rest(page)
    await page.goto(f"{house.url}/interview?i=test:review.yml")
    await page.locator('xpath=//a[text()=" More"]').click()
    await at_rest(page)
    assert [one.call.value.action for one in house.double.asked_for(PerformAction)] == ["fruit", "more"]


async def test_when_the_server_is_gone_the_form_stays_and_is_sent_again_once(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:names.yml")
    await page.get_by_label("First name").fill("Ann")
    await house.bus.stop()
    await press(page, "Continue")
    await expect(page.get_by_text("Nothing you typed is lost").first).to_be_visible()
    await expect(page.get_by_label("First name")).to_have_value("Ann")
    await house.bus.start()
    await expect(page.locator("#daMainQuestion")).to_have_text("Hello, Ann!")
    assert len({one.operation_id for one in house.double.asked_for(SubmitAnswers)}) == 1


async def test_a_second_press_while_the_first_is_under_way_sends_nothing(house: House, page: Page) -> None:
    house.double.pause = asyncio.Event()
    await page.goto(f"{house.url}/interview?i=test:names.yml")
    await page.get_by_label("First name").fill("Ann")
    button = page.locator("#da-continue-button")
    await button.evaluate("button => { button.click(); button.click(); }")
    await button.evaluate("button => button.click()")
    house.double.pause.set()
    await expect(page.locator("#daMainQuestion")).to_have_text("Hello, Ann!")
    assert len(house.double.asked_for(SubmitAnswers)) == 1


async def test_reloading_a_tab_shows_the_session_of_this_tab(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:names.yml")
    await page.get_by_label("First name").fill("Ann")
    await press(page, "Continue")
    other = await page.context.new_page()
    await other.goto(f"{house.url}/interview?i=test:names.yml&new_session=1")
    await expect(other.locator("#daMainQuestion")).to_have_text("What is your name?")
    await page.reload()
    await expect(page.locator("#daMainQuestion")).to_have_text("Hello, Ann!")
    assert house.double.asked_for(OpenSession)


async def test_elements_of_a_list_are_added_and_deleted_on_one_screen(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:collect.yml")
    await at_rest(page)
    boxes = page.get_by_label("Fruit name")
    await boxes.nth(0).fill("apple")
    await boxes.nth(1).fill("peach")
    await press(page, " Add another")
    await expect(boxes).to_have_count(3)
    await page.locator(".dacollectremove").nth(2).click()
    await expect(boxes.nth(2)).to_be_hidden()
    await boxes.nth(0).fill("apple")
    await boxes.nth(1).fill("peach")
    await press(page, "Continue")
    await expect(page.locator("#daMainQuestion")).to_have_text("Without 2.")
    posted = [one.name for one in house.double.asked_for(SubmitAnswers)[1].submission.value.inputs]
    assert encoded("fruit[2].name") not in posted
