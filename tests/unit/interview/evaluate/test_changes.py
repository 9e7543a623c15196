"""evaluate/changes.py: names of what differs between two versions of the answers, and nothing that people typed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.interview.evaluate.changes import MORE, Changes, changes_between
from shared.interview.library import import_hook
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.lists import DAList
from shared.interview.runtime.outcomes import MOST_NAMES, Header
from shared.interview.runtime.pickling import StoredAnswers, dump_answers


@pytest.fixture(autouse=True, scope="module")
def _names_of_classes() -> None:
    import_hook.install()


def stored(**variables: Any) -> StoredAnswers:
    return dump_answers({**variables, "_internal": {}})


def changed(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
    return changes_between(stored(**before), stored(**after)).changed


def person(**attributes: Any) -> DAObject:
    made = DAObject("person")
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def test_all_variables_of_new_answers_were_set() -> None:
    assert changes_between(None, stored(b=1, a=2)) == Changes(changed=("a", "b"))


def test_only_what_differs_is_named_and_what_has_gone_apart() -> None:
    found = changes_between(stored(same=1, other="x", gone=2), stored(same=1, other="y", new=None))
    assert found == Changes(changed=("new", "other"), removed=("gone",))


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, True), (1, 1.0), ("1", 1), (None, False), (date(2026, 1, 1), date(2026, 1, 2)), ({1}, {1, 2}), ([], [1])],
)
def test_a_value_of_another_class_or_size_is_another_value(before: object, after: object) -> None:
    assert changed({"it": before}, {"it": after}) == ("it",)


@pytest.mark.parametrize("value", [float("nan"), {"a", "b", "c"}, date(2026, 1, 1), [1, (2, {"k": {3}})], b"x", 1j])
def test_equal_values_are_not_named(value: object) -> None:
    assert changed({"it": value, "a": 1}, {"it": value, "a": 2}) == ("a",)


def test_attributes_and_items_are_named_as_authors_write_them() -> None:
    before = {"client": person(name=person(first="Ann", last="Lee")), "cases": [1, [2, 3]]}
    after = {"client": person(name=person(first="Ann", last="Li")), "cases": [1, [2, 4]]}
    assert changed(before, after) == ("cases[1][1]", "client.name.last")


def test_items_of_a_list_of_the_library_stand_below_its_name() -> None:
    def children(age: int) -> DAList:
        return DAList("children", elements=[person(age=3), person(age=age)])

    assert changed({"children": children(4)}, {"children": children(5)}) == ("children[1].age",)


def test_keys_of_dictionaries_are_left_out_because_people_type_them() -> None:
    before, after = {"rent for Ann": person(value=1)}, {"rent for Ann": person(value=2)}
    assert changed({"income": before}, {"income": after}) == ("income[…].value",)
    assert changed({"income": {}}, {"income": before}) == ("income", "income[…]")


def test_what_comes_back_to_itself_is_walked_once() -> None:
    def circle(value: int) -> DAObject:
        one = person(value=value)
        one.other = person(one=one)
        return one

    assert changed({"one": circle(1)}, {"one": circle(2)}) == ("one.value",)


def test_a_shared_value_is_compared_although_only_one_name_leads_to_it_now() -> None:
    both = person(value=1)
    assert changed({"a": both, "b": both}, {"a": both, "b": person(value=1)}) == ()


class Agreeable:
    """Says of everything that it is equal."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


def test_what_a_class_of_an_author_says_of_being_equal_does_not_count() -> None:
    assert changed({"it": Agreeable(1)}, {"it": Agreeable(2)}) == ("it.value",)


def test_many_changes_below_one_name_are_told_by_that_name() -> None:
    assert changed({"long": list(range(50))}, {"long": list(range(1, 51))}) == ("long",)


def test_more_names_than_fit_are_cut_and_said_to_be() -> None:
    found = changes_between(None, stored(**{f"v{number}": 1 for number in range(MOST_NAMES + 5)}))
    assert len(found.changed) == MOST_NAMES
    assert found.changed[-1] == MORE
    assert Header(changed_names=found.changed).changed_names == found.changed


def test_a_very_large_value_ends_the_walk_instead_of_the_run() -> None:
    large = [[number] for number in range(40_000)]
    found = changes_between(stored(large=large, later=1), stored(large=large, later=2))
    assert found.changed == (MORE,)


def test_names_are_kept_apart_from_the_header_of_the_answers() -> None:
    header = Header(title="A", changed_names=("a",), removed_names=("b",))
    assert Header.model_validate_json(header.as_kept()) == Header(title="A")


def test_attributes_that_are_no_names_are_not_told_and_end_nothing() -> None:
    before, after = person(fine=1), person(fine=1)
    for name in ("", "typed by somebody", "_own"):
        setattr(after, name, 2)
    after.__dict__[7] = 3
    assert changed({"client": before}, {"client": after}) == ("client",)


class Quarrelsome:
    """A key of a dictionary that its author wrote wrongly."""

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        raise RuntimeError


def test_values_that_cannot_be_compared_are_no_reason_to_lose_answers() -> None:
    answers = stored(it={Quarrelsome(): 1})
    assert changes_between(answers, stored(it={Quarrelsome(): 2})).changed == (MORE,)
