"""The methods of scikit-learn, and what is said where it is not installed."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from shared.interview.library.faults import DAError
from shared.interview.library.learning.methods import features_of, random_forest, support_vectors

METHODS = [random_forest, support_vectors]
EXAMPLES = [({"size": size, "kind": kind}, kind) for size in (1, 2, 3) for kind in ("cat", "dog", "owl")]


@pytest.mark.parametrize("method", METHODS)
def test_a_method_tells_classes_apart(method: Any) -> None:
    ranked = method(EXAMPLES, "x").ranked({"size": 2, "kind": "owl"})
    assert ranked[0][0] == "owl"
    assert sum(share for _, share in ranked) == pytest.approx(1)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_examples_give_the_same_answer(method: Any) -> None:
    case = {"size": 9, "kind": "eel"}
    assert method(EXAMPLES, "x").ranked(case) == method(EXAMPLES, "x").ranked(case)


@pytest.mark.parametrize("method", METHODS)
def test_one_class_alone_is_certain(method: Any) -> None:
    assert method([({"a": 1}, "only")], "x").ranked({"b": 2}) == [("only", 1.0)]


@pytest.mark.parametrize("method", METHODS)
def test_two_classes_are_told_apart_by_their_words(method: Any) -> None:
    examples = [("red apple", True), ("green apple", True), ("broken car", False), ("fast car", False)]
    assert method(examples, "x").ranked("my car")[0][0] is False


@pytest.mark.parametrize("method", METHODS)
def test_without_scikit_learn_the_extra_is_named(method: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(DAError, match=r"Forest needs scikit-learn.*colloquy\[learning\]"):
        method(EXAMPLES, "Forest")


def test_numbers_stay_numbers_and_all_else_is_what_it_says() -> None:
    assert features_of({"a": 1, "b": True, "c": "x", "d": None}) == {"a": 1.0, "b": "True", "c": "x"}
    assert features_of("no no yes") == {"no": 2.0, "yes": 1.0}
