"""What `features`, colours of buttons and `progressive` change on a page (spec/area4 §2.1, §5.9)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("screens")]


def test_features_change_the_page_as_their_names_say(open_screen: Open, page: Page) -> None:
    open_screen("features")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#daMainQuestion")).to_have_text("When were you born?")
    expect(page.locator("#danavbar")).to_have_attribute("data-bs-theme", "dark")
    expect(page.locator("#dabackbutton")).to_have_count(0)
    expect(page.locator(".daquestionbackbutton.btn-danger")).to_be_visible()
    expect(page.locator("#dapagetitle")).to_have_attribute("target", "_self")
    expect(page.locator("#daform")).to_have_attribute("autocomplete", "off")
    expect(page.locator(".tab-content.justify-content-center")).to_have_count(0)
    assert page.locator("link[href$='packagestatic/screens/plan.css']").count() == 1
    expect(page.locator(".form-floating")).to_have_count(3)
    day = page.get_by_label("Day")
    assert (day.get_attribute("min"), day.get_attribute("max")) == ("2020-01-01", "2030-12-31")
    page.locator(".daquestionhelpbutton.btn-info").click()
    expect(page.get_by_text("Ask your mother.")).to_be_visible()
    page.get_by_text("Back to question").click()
    page.get_by_role("link", name="Second").click()
    expect(page.locator("#daMainQuestion")).to_have_text("The second section")


def test_numbers_may_be_typed_as_text(open_screen: Open, page: Page) -> None:
    open_screen("features")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Day").fill("2025-03-01")
    page.get_by_label("Name").fill("Ann")
    page.get_by_label("Weight in grams").fill("7,200")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("5000")).to_be_visible()
    page.get_by_label("Weight in grams").fill("3,200")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#daMainQuestion")).to_have_text("You weighed 3200 grams")


def test_other_sites_are_told_what_a_link_leads_to(open_screen: Open, page: Page) -> None:
    open_screen("features-more")
    tags = page.locator(
        "head meta[property], head meta[name^=twitter], head meta[name=description], head meta[itemprop]"
    )
    found = tags.evaluate_all("all => all.map((one) => [...one.attributes].map(({ value }) => value).join('|'))")
    picture = f"{page.url.partition('interview')[0]}packagestatic/screens/own.png"
    assert found == [
        'description|Who is your "best" friend?',
        f"image|{picture}",
        "og:title|More features",
        "og:type|website",
        'og:description|Who is your "best" friend?',
        f"og:image|{picture}",
        'twitter:description|Who is your "best" friend?',
        f"twitter:image|{picture}",
        "twitter:card|summary",
    ]


def test_what_stands_around_and_beside_the_question_can_be_changed(open_screen: Open, page: Page) -> None:
    page.set_viewport_size({"width": 1200, "height": 900})
    open_screen("features-more")
    expect(page.locator(".da-account-link, #danavbar-collapse")).to_have_count(0)
    question, right = page.locator("#daquestion").bounding_box(), page.locator("#daright").bounding_box()
    assert question is not None
    assert right is not None
    assert right["width"] > 0.9 * question["width"]
    label, field = (
        page.locator("label[for]", has_text="Color").bounding_box(),
        page.get_by_label("Color").bounding_box(),
    )
    assert label is not None
    assert field is not None
    assert label["x"] + label["width"] <= field["x"]
    expect(page.get_by_label("Picture")).to_have_attribute("data-maximagesize", "40")
    expect(page.get_by_role("navigation", name="Sections")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 900})
    expect(page.get_by_role("navigation", name="Sections")).to_be_hidden()


def test_scripts_and_conditions_know_objects_by_their_names(open_screen: Open, page: Page) -> None:
    open_screen("features-more")
    likes = page.get_by_label("What Bob likes")
    page.get_by_label("Friend", exact=True).select_option("Ann")
    assert page.evaluate("val('best')") == "friend[0]"
    expect(likes).to_be_hidden()
    page.evaluate("setField('best', 'friend[1]')")
    expect(likes).to_be_visible()
    likes.fill("Tea")
    page.get_by_label("Color").fill("red")
    page.get_by_role("button", name="Continue").click()
    edit = page.get_by_role("button", name="Edit color")
    expect(edit).to_have_class("da-review-action btn btn-sm btn-da btn-success btn-darevisit da-review-action-button")
    expect(edit.locator("i.fa-pen")).to_have_count(1)


def test_subsections_are_folded_where_one_may_go_everywhere(open_screen: Open, page: Page) -> None:
    open_screen("sections")
    sections = page.get_by_role("navigation", name="Sections")
    expect(sections.get_by_text("Rooms")).to_be_hidden()
    sections.get_by_role("button", name="Show what is in it").click()
    sections.get_by_role("link", name="Rooms").click()
    expect(page.locator("#daMainQuestion")).to_have_text("The rooms")
    expect(sections.get_by_text("Costs")).to_be_visible()  # that section is open because one is in it
    open_screen("sections-open")
    expect(sections.get_by_text("Costs")).to_be_visible()


def test_on_a_small_screen_sections_stand_in_the_bar_or_lie_open(open_screen: Open, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    open_screen("sections")
    expect(page.get_by_role("navigation", name="Sections")).to_be_hidden()
    page.locator("#danavbar").get_by_role("button", name="Sections").click()
    page.locator("#danavbar").get_by_role("link", name="Second").click()
    expect(page.locator("#daMainQuestion")).to_have_text("The second section")
    open_screen("sections-open")
    expect(page.get_by_role("navigation", name="Sections").get_by_text("Second")).to_be_visible()


def test_an_interview_inside_a_page_takes_the_window_once_it_goes_on(open_screen: Open, page: Page) -> None:
    open_screen("full-screen")
    page.evaluate("document.body.innerHTML = `<iframe src='${location.href}'></iframe>`")
    frame = page.frame_locator("iframe")
    frame.get_by_role("textbox", name="Color").fill("red")
    frame.get_by_role("button", name="Continue").click()
    expect(page.locator("#daMainQuestion")).to_have_text("Done, red")
    expect(page.locator("iframe")).to_have_count(0)
    expect(page.locator("#danavbar")).to_have_count(0)  # `hide navbar`


def test_scripts_can_look_up_which_inputs_stand_for_a_variable(open_screen: Open, page: Page) -> None:
    open_screen("sections")
    names = page.evaluate("[daVarLookupMulti[utoa('kind').replace(/=+$/, '')], daVarLookup, daVarLookupRev]")
    inputs = page.locator("#daform .da-condition input").evaluate_all("all => all.map(one => one.name)")
    assert names[0] == inputs
    assert [names[2][one] for one in inputs] == list(names[1])
