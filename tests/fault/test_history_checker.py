"""The checker itself: it accepts histories that can be explained and finds what a lost or doubled change looks like."""

from __future__ import annotations

import pytest

from tests.fault.history import Answered, HistoryBroken, Seen, check

A = Answered("step", "a", 2, ("a",))
B = Answered("step", "b", 3, ("a", "b"))


def explain(*answered: Answered, last: Seen, seen: tuple[Seen, ...] = (), tasks: tuple[str, ...] = ()) -> None:
    check(answered, seen, first_version=1, last=last, task_tokens=frozenset(tasks), ended_tasks=len(tasks))


def test_posts_one_after_the_other_are_explained() -> None:
    explain(B, A, last=Seen(3, ("a", "b")))


def test_a_lost_change_is_found() -> None:
    with pytest.raises(HistoryBroken):
        explain(A, Answered("step", "b", 3, ("b",)), last=Seen(3, ("b",)))


def test_a_change_lost_later_is_found() -> None:
    with pytest.raises(HistoryBroken):
        explain(A, B, last=Seen(3, ("b",)))


def test_a_doubled_change_is_found() -> None:
    with pytest.raises(HistoryBroken):
        explain(A, Answered("step", "b", 3, ("a", "b", "b")), last=Seen(3, ("a", "b", "b")))


def test_two_operations_with_one_version_are_found() -> None:
    with pytest.raises(HistoryBroken):
        explain(A, Answered("in_place", "b", 2), last=Seen(2, ("a",)))


def test_back_takes_the_newest_step_away() -> None:
    explain(A, B, Answered("back", "", 4, ("a",)), last=Seen(4, ("a",)))


def test_what_back_took_away_must_not_return() -> None:
    with pytest.raises(HistoryBroken):
        explain(A, B, Answered("back", "", 4, ("a",)), Answered("step", "c", 5), last=Seen(5, ("a", "b", "c")))


def test_a_response_action_fills_a_gap() -> None:
    explain(A, Answered("step", "b", 4, ("a", "t", "b")), last=Seen(4, ("a", "t", "b")), tasks=("t",))


def test_a_response_action_that_was_lost_is_found() -> None:
    with pytest.raises(HistoryBroken):
        explain(A, Answered("step", "b", 4, ("a", "b")), last=Seen(4, ("a", "b")), tasks=("t",))


def test_a_response_action_may_go_with_its_step() -> None:
    explain(A, B, Answered("back", "", 5, ("a",)), last=Seen(5, ("a",)), tasks=("t",))


def test_a_response_action_seen_twice_is_found() -> None:
    with pytest.raises(HistoryBroken):
        explain(A, last=Seen(4, ("a", "t", "t")), tasks=("t",))


def test_a_look_that_does_not_fit_is_found() -> None:
    with pytest.raises(HistoryBroken):
        explain(A, B, seen=(Seen(2, ()),), last=Seen(3, ("a", "b")))


def test_response_actions_that_came_together_are_explained() -> None:
    shown = ("a", "t", "u", "b")
    explain(A, Answered("step", "b", 4, shown), last=Seen(4, shown), tasks=("t", "u"))


def test_of_those_that_came_together_none_may_be_lost() -> None:
    both = Answered("step", "b", 4, ("a", "t", "u", "b"))
    with pytest.raises(HistoryBroken):
        explain(A, both, Answered("step", "c", 5, ("a", "t", "b", "c")), last=Seen(5, ()), tasks=("t", "u"))
    with pytest.raises(HistoryBroken):
        explain(A, Answered("step", "b", 4, ("a", "t", "b")), last=Seen(4, ("a", "t", "b")), tasks=("t", "u"))


def test_what_one_version_was_shown_to_hold_no_other_can_hold() -> None:
    first = Answered("step", "b", 4, ("a", "t", "b"))
    with pytest.raises(HistoryBroken):
        explain(A, first, last=Seen(5, ("a", "t", "b", "t")), tasks=("t",))
    with pytest.raises(HistoryBroken):
        explain(A, first, Answered("step", "c", 6, ("a", "b", "t", "c")), last=Seen(6, ()), tasks=("t",))


def test_neighbours_whose_border_is_not_known_are_explained_together() -> None:
    shown = ("a", "t", "u", "v", "b")
    explain(A, Answered("step", "b", 5, shown), last=Seen(5, shown), tasks=("t", "u", "v"))
    with pytest.raises(HistoryBroken):
        explain(A, Answered("step", "b", 5, ("a", "t", "b")), last=Seen(5, ("a", "t", "b")), tasks=("t",))


def test_a_length_counts_each_of_those_that_came_together() -> None:
    last = Seen(4, ("a", "t", "u", "b"))
    explain(A, Answered("step", "b", 4, length=4), last=last, tasks=("t", "u"))
    with pytest.raises(HistoryBroken):
        explain(A, Answered("step", "b", 4, length=2), last=last, tasks=("t", "u"))
