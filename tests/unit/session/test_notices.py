"""What a page is told about an ended task, and the shapes that choices come in (spec/area1 §6.4, §11)."""

from __future__ import annotations

from typing import Any

import pytest

from services.session.notices import command_for, mode_of, with_choice_pairs


@pytest.mark.parametrize(
    ("choices", "pairs"),
    [
        (["a", "b"], [["a", "a"], ["b", "b"]]),
        ({"1": "One", "2": "Two"}, [["1", "One"], ["2", "Two"]]),
        ([{"1": "One"}], [["1", "One"]]),
        ([["1", "One"]], [["1", "One"]]),
        ([{"label": "One", "value": "1"}], [["1", "One"]]),
        ([{"label": "One", "key": "1"}], [["1", "One"]]),
        ("nonsense", []),
    ],
)
def test_choices_in_any_shape_become_pairs(choices: Any, pairs: list[list[Any]]) -> None:
    assert with_choice_pairs({"state": {"choices": choices, "value": "1"}, "name": "x"}) == {
        "state": {"choices": pairs, "value": "1"},
        "name": "x",
    }


def test_a_refresh_never_carries_the_value() -> None:
    command = command_for("refresh", "secret")
    assert command is not None
    assert command.value is None


def test_nothing_to_show_says_nothing() -> None:
    assert command_for("flash", None) is None
    assert command_for(None, "value") is None


def test_a_mode_nobody_knows_tells_nothing() -> None:
    assert mode_of("flash") == "flash"
    assert mode_of("shout") is None
    assert mode_of(None) is None
