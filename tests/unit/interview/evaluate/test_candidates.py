"""The forms of a name that a block may be written for, in the order they are tried (spec/area4 §4.4)."""

from __future__ import annotations

from shared.interview.evaluate.candidates import variants_of


def forms(name: str) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(variant.name, variant.x, variant.iterators) for variant in variants_of(name)]


def test_a_plain_name_has_one_form() -> None:
    assert forms("a") == [("a", None, ())]


def test_literal_goes_before_index_and_index_before_generic() -> None:
    assert forms("people[0].name.first") == [
        ("people[0].name.first", None, ()),
        ("people[i].name.first", None, ("0",)),
        ("x[0].name.first", "people", ()),
        ("x[i].name.first", "people", ("0",)),
        ("x.name.first", "people[0]", ()),
        ("x.first", "people[0].name", ()),
    ]


def test_the_first_replaced_index_is_i_wherever_it_stands() -> None:
    assert [form for form in forms("a[0][1]") if form[1] is None] == [
        ("a[0][1]", None, ()),
        ("a[i][1]", None, ("0",)),
        ("a[0][i]", None, ("1",)),
        ("a[i][j]", None, ("0", "1")),
    ]


def test_x_alone_is_never_a_form() -> None:
    assert "x" not in [name for name, _, _ in forms("a.b[0].c")]
