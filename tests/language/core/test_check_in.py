"""Check-in code tells the page something and saves in place (spec/area1 §12)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.language.core.sessions import Session

Open = Callable[..., Session]

FOOD = """
mandatory: True
code: visits = 0
---
mandatory: True
question: What do you eat?
fields:
  - Food: food
check in: taste
---
event: taste
code: |
  visits += 1
"""


@pytest.mark.parametrize(
    ("call", "value", "extra"),
    [
        ("background_response()", {}, "backgroundresponse"),
        (
            "background_response(target='spot', content='<b>x</b>')",
            {"target": "spot", "content": "<b>x</b>"},
            "backgroundresponse",
        ),
        ("background_response({'food': 'soup'}, 'fields')", {"food": "soup"}, "fields"),
        ("background_response('Hello', 'flash')", "Hello", "flash"),
        ("background_response('run()', 'javascript')", "run()", "javascript"),
        ("background_response('refresh')", None, "refresh"),
        ("background_response(7)", 7, "backgroundresponse"),
    ],
)
def test_a_background_response_becomes_a_command_for_the_page(
    session: Open, call: str, value: object, extra: str
) -> None:
    s = session(FOOD + f"  {call}\n")
    s.open()
    outcome = s.check_in("taste").outcome
    assert (outcome.action, outcome.value, outcome.extra) == ("taste", value, extra)


def test_changes_are_saved_in_place_whatever_the_code_ends_with(session: Open) -> None:
    s = session(FOOD)
    s.open()
    result = s.check_in("taste")
    assert (result.outcome.kind, result.outcome.is_silent, result.save) == ("browser_answer", True, "overwrite")
    assert s.answers["visits"] == 1
    assert len(s.steps) == 1


def test_form_values_are_arguments_and_bookkeeping_is_hidden(session: Open) -> None:
    s = session(FOOD + "  background_response([action_argument('food'), action_arguments()])\n")
    s.open()
    assert s.check_in("taste", food="soup").outcome.value == ["soup", {"food": "soup"}]


def test_a_question_sought_by_check_in_code_is_not_put_on_the_stack(session: Open) -> None:
    s = session(
        FOOD
        + """  drink
---
question: What do you drink?
fields:
  - Drink: drink
"""
    )
    s.open()
    assert s.check_in("taste").outcome.is_silent
    assert s.open() == "What do you eat?"


def test_a_targeted_template_fills_its_place(session: Open) -> None:
    s = session("""
mandatory: True
question: What do you eat?
fields:
  - Food: food
check in: comment_on_food
---
template: comment_on_food
target: feedback
content: |
  You like **${ action_argument('food') }**.
""")
    s.open()
    value = s.check_in("comment_on_food", food="soup").outcome.value
    assert value == {"target": "feedback", "content": "You like <strong>soup</strong>."}
    assert "comment_on_food" not in s.answers


def test_an_error_of_check_in_code_saves_nothing(session: Open) -> None:
    s = session(FOOD + "  1 / 0\n")
    s.open()
    assert s.check_in("taste").outcome.kind == "failed"
    assert s.answers["visits"] == 0


UNSEEN = """
mandatory: True
question: What do you eat?
subquestion: "**${ greeting }**"
fields:
  - Food: food
check in: taste
---
event: taste
code: |
  had_greeting = defined('greeting')
  undefine('greeting')
  background_response()
---
code: greeting = 'Hello'
"""


def test_a_screen_that_nobody_sees_has_its_mako_carried_out_and_is_not_drawn(
    session: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its Mako may ask for something, and authors count on that; what Markdown makes of it nobody could tell."""
    drawn: list[str] = []

    def drawing(text: str, **_: object) -> str:
        drawn.append(text)
        return text

    s = session(UNSEEN)
    s.open()
    s.check_in("taste")
    monkeypatch.setattr("shared.interview.screen.texts.to_html", drawing)
    s.check_in("taste")
    assert s.answers["had_greeting"] is True
    assert drawn == []
    s.open()
    assert "**Hello**" in drawn
