"""How far names are apart, and which are near enough to be meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.interview.evaluate.nearest import edit_distance, most_alike

NAMES = st.text("abc_", max_size=8)


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [("color", "color", 0), ("color", "colour", 1), ("colro", "color", 1), ("kitten", "sitting", 3), ("", "abc", 3)],
)
def test_the_distance_counts_letters_added_dropped_changed_and_swapped(one: str, other: str, distance: int) -> None:
    assert edit_distance(one, other, 5) == distance


@given(NAMES, NAMES, st.integers(0, 4))
def test_the_distance_is_the_same_both_ways_and_given_up_beyond_the_limit(one: str, other: str, limit: int) -> None:
    exact = edit_distance(one, other, 8)
    assert edit_distance(other, one, 8) == exact
    assert edit_distance(one, other, limit) == min(exact, limit + 1)


@given(NAMES, st.data())
def test_one_slip_is_a_distance_of_one_at_most(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name)))
    for slip in (
        name[:place] + "x" + name[place:],
        name[:place] + name[place + 1 :],
        name[:place] + "x" + name[place + 1 :],
    ):
        assert edit_distance(name, slip, 3) <= 1


def test_short_names_allow_one_slip_and_long_ones_three() -> None:
    assert most_alike("age", ["ago", "cage", "fig", "page_of_book"]) == ("ago", "cage")
    assert most_alike("date_of_brith", ["date_of_birth", "date_of_berth", "due_date"]) == (
        "date_of_birth",
        "date_of_berth",
    )
