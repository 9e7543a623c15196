"""Who asks the system for less motion gets pages that do not move (WCAG 2.1 §2.3.3, CSS Media Queries 5)."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("screens")]

_TRANSITION = "element => getComputedStyle(element).transitionDuration"
_SCROLLED = """() => {
  window.scrolled = [];
  Element.prototype.scrollIntoView = function (options) { window.scrolled.push(options.behavior); };
  window.daGoToAnchor('#daMainQuestion');
  return window.scrolled;
}"""
_FADED = """() => {
  const place = document.createElement('p');
  document.body.append(place);
  $(place).hide().fadeIn(60000);
  return getComputedStyle(place).opacity;
}"""


def seconds(durations: str) -> float:
    """The longest of the durations a style names."""
    return max(float(one.strip().removesuffix("s")) for one in durations.split(","))


def motion_of(page: Page) -> dict[str, Any]:
    """How long a choice takes to change its look, how the page scrolls, how far a slow fade is at once."""
    choice = page.locator(".da-choice").first
    expect(choice).to_be_visible()
    return {
        "transition": seconds(choice.evaluate(_TRANSITION)),
        "scrolls": page.evaluate(_SCROLLED),
        "opacity": float(page.evaluate(_FADED)),
    }


def test_nothing_moves_for_who_wants_calm_pages(open_screen: Open, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    open_screen("conditions", "shown")
    assert motion_of(page) == {"transition": 0, "scrolls": ["auto"], "opacity": 1}


def test_others_see_the_page_move(open_screen: Open, page: Page) -> None:
    page.emulate_media(reduced_motion="no-preference")
    open_screen("conditions", "shown")
    found = motion_of(page)
    assert found["transition"] > 0
    assert found["scrolls"] == ["smooth"]
    assert found["opacity"] < 0.5


def test_a_wish_for_calm_counts_from_the_moment_it_is_made(open_screen: Open, page: Page) -> None:
    page.emulate_media(reduced_motion="no-preference")
    open_screen("conditions", "shown")
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_function("$.fx.off === true")
    assert motion_of(page) == {"transition": 0, "scrolls": ["auto"], "opacity": 1}
