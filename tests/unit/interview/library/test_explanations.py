"""Reasons that interviews note on the way."""

from __future__ import annotations

from shared.interview.library.explanations import clear_explanations, explain, logic_explanation
from shared.interview.runtime.run import Run


def test_a_reason_is_noted_once_and_kept_with_the_session(run: Run) -> None:
    assert logic_explanation() == []
    assert explain("You are over 18.")
    assert explain("You live here.")
    assert explain("You are over 18.")
    assert logic_explanation() == ["You are over 18.", "You live here."]
    assert run.internal["explanations"] == {"default": ["You are over 18.", "You live here."]}


def test_reasons_have_categories_that_are_forgotten_one_by_one_or_all(run: Run) -> None:
    explain("Rent is due.", category="money")
    explain("It rains.")
    clear_explanations()
    assert (logic_explanation(), logic_explanation(category="money")) == ([], ["Rent is due."])
    clear_explanations(category="all")
    assert logic_explanation("money") == []
