"""Classes of texts by their words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.interview.library.learning.words import ClassesOfTexts, words_of

# Manning, Raghavan, Schütze: Introduction to Information Retrieval, table 13.1 and example 13.1.
EXAMPLES = [
    ("Chinese Beijing Chinese", "china"),
    ("Chinese Chinese Shanghai", "china"),
    ("Chinese Macao", "china"),
    ("Tokyo Japan Chinese", "other"),
]


def test_the_example_of_the_book_comes_out_as_printed() -> None:
    ranked = dict(ClassesOfTexts(EXAMPLES).ranked("Chinese Chinese Chinese Tokyo Japan"))
    china, other = 3 / 4 * (3 / 7) ** 3 / 14 / 14, 1 / 4 * (2 / 9) ** 5
    assert ranked == pytest.approx({"china": china / (china + other), "other": other / (china + other)})


def test_words_are_found_in_any_script_and_in_mappings() -> None:
    assert words_of("Don’t STOP, Übergabe_3!") == ["don’t", "stop", "übergabe", "3"]
    assert words_of({"a": "One two", "b": 3}) == ["one", "two", "3"]


def test_nothing_learned_says_nothing() -> None:
    assert ClassesOfTexts([]).ranked("anything") == []


@given(
    st.lists(st.tuples(st.text(max_size=30), st.sampled_from("abc")), min_size=1, max_size=12), st.text(max_size=2000)
)
def test_probabilities_are_shares_of_one_in_falling_order(examples: list[tuple[str, str]], text: str) -> None:
    ranked = ClassesOfTexts(examples).ranked(text)
    shares = [share for _, share in ranked]
    assert sum(shares) == pytest.approx(1)
    assert shares == sorted(shares, reverse=True)
    assert {label for label, _ in ranked} == {label for _, label in examples}
