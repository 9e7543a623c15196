"""Every kind of screen on a phone, a tablet and a desk, light and dark: nothing sticks out, and axe finds no fault."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("screens")]

SCREENS = {
    "inputs": "typed moments picked objects street_choice season river way is_green is_red",
    "layouts": "grid floating sides embedded rows",
    "conditions": "shown boxes others refused",
    "around": "first",
    "around-horizontal": "first",
    "lists": "overview overview_table things_shown collected",
    "texts": "long arabic german chinese media closed broken signed waiting",
    "scripts": "first",
}
EVERY = [f"{interview}:{show}" for interview, shows in SCREENS.items() for show in shows.split()]
WIDTHS = (360, 1005, 1200)

STICKING_OUT = """() => {
    const page = document.documentElement;
    const wide = page.scrollWidth > page.clientWidth ? [`the page, by ${page.scrollWidth - page.clientWidth}`] : [];
    const card = document.querySelector('#daform, .da-card').getBoundingClientRect();
    const parts = document.querySelectorAll('#daform :is(input, select, textarea, button, label, .btn, h1, img)');
    return wide.concat([...parts].filter((part) => {
        const box = part.getBoundingClientRect();
        const scrolls = part.closest('.table-responsive, pre, .visually-hidden');
        return box.width > 1 && !scrolls && (box.right > card.right + 1 || box.left < card.left - 1);
    }).map((part) => part.outerHTML.slice(0, 120)));
}"""
"""What is wider than the window, or reaches out of the card."""

FAULTS = """(only) => axe.run(document, {
    resultTypes: ['violations'],
    ...(only.length ? { runOnly: only } : { rules: { 'heading-order': { enabled: false } } }),
}).then(({ violations }) => violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html}`)))"""
"""What axe-core complains of (by all its rules or some); the order of headings is the author's."""


@pytest.mark.parametrize("screen", EVERY)
def test_nothing_sticks_out_of_a_screen_and_axe_finds_no_fault(
    screen: str, open_screen: Open, page: Page, axe: str
) -> None:
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    open_screen(*screen.split(":"), is_broken=screen == "texts:broken")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(STICKING_OUT) == [], f"at {width} pixels"
    page.evaluate(axe)
    assert page.evaluate(FAULTS, []) == []
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    assert page.evaluate(FAULTS, ["color-contrast"]) == [], "in the dark"


def test_a_form_with_messages_is_as_accessible_as_one_without(open_screen: Open, page: Page, axe: str) -> None:
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    open_screen("conditions", "refused")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(".da-field-error")).to_have_count(6)
    page.evaluate(axe)
    assert page.evaluate(FAULTS, []) == []


def test_fields_of_a_condition_stand_in_line_with_the_others(open_screen: Open, page: Page) -> None:
    open_screen("conditions", "shown")
    boxes = [page.get_by_label(name).bounding_box() for name in ("Weight", "Dog licence", "Chip number")]
    assert len({box["x"] for box in boxes if box}) == 1


def test_a_language_written_from_right_to_left_turns_the_page_around(open_screen: Open, page: Page) -> None:
    open_screen("texts", "arabic")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("html")).to_have_attribute("lang", "ar")
    heading, card = page.locator("#daMainQuestion").bounding_box(), page.locator("#daform").bounding_box()
    assert heading is not None
    assert card is not None
    assert abs((heading["x"] + heading["width"]) - (card["x"] + card["width"])) < 60
    page.get_by_label("الاسم الأول").fill("فاطمة")
    page.get_by_label("الإيجار").fill("10")
    page.get_by_text("بيروت").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#daMainQuestion")).to_have_text("That is all")
    page.get_by_role("button", name="Back").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")


def test_icons_are_drawn_by_the_font_whose_names_they_have(open_screen: Open, page: Page) -> None:
    open_screen("texts", "media")
    icon = page.locator("#daform i.fa-lightbulb")
    page.wait_for_function("document.fonts.check('900 16px \"Font Awesome 6 Free\"')")
    assert (icon.evaluate("icon => getComputedStyle(icon, '::before').content")) not in ("none", "normal")
