"""What a check-in can end with, what it keeps, and what it leaves alone (spec/area1 §12.4 to §12.7, §18)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.language.core.sessions import Session

Open = Callable[..., Session]

SCREEN = """
mandatory: True
code: visits = 0
---
mandatory: True
question: What do you eat?
fields:
  - Food: food
check in: taste
"""


def event(code: str) -> str:
    lines = "".join(f"  {line}\n" for line in code.splitlines())
    return f"{SCREEN}---\nevent: taste\ncode: |\n{lines}"


def told(session: Open, code: str, **arguments: Any) -> tuple[Any, str | None]:
    """Value and kind of the command that this code ends with."""
    s = session(event(code))
    s.open()
    outcome = s.check_in("taste", **arguments).outcome
    assert outcome.kind == "browser_answer", outcome
    return outcome.value, outcome.extra


CHOICES = [["a", "A"], ["b", "B"]]


@pytest.mark.parametrize(
    ("given", "pairs"),
    [
        ("['a', 'b']", [["a", "a"], ["b", "b"]]),
        ("{'a': 'A', 'b': 'B'}", CHOICES),
        ("[{'a': 'A'}, {'b': 'B'}]", CHOICES),
        ("[['a', 'A'], ['b', 'B']]", CHOICES),
        ("[('a', 'A'), ('b', 'B')]", CHOICES),
        ("(('a', 'A'), ('b', 'B'))", CHOICES),
        ("[{'label': 'A', 'value': 'a'}, {'label': 'B', 'key': 'b'}]", CHOICES),
        ("DADict('d', elements={'a': 'A', 'b': 'B'})", CHOICES),
        ("DAList('l', elements=['a', 'b'])", [["a", "a"], ["b", "b"]]),
        ("[]", []),
    ],
)
def test_choices_of_every_form_become_pairs_of_value_and_label(session: Open, given: str, pairs: object) -> None:
    code = "background_response({'food': {'choices': %s}}, 'fields')" % given  # noqa: UP031 - braces
    assert told(session, code) == ({"food": {"choices": pairs}}, "fields")


def test_a_chosen_value_travels_with_the_choices(session: Open) -> None:
    value, _ = told(session, "background_response({'food': {'choices': ['a'], 'value': 'a'}}, 'fields')")
    assert value == {"food": {"choices": [["a", "a"]], "value": "a"}}


@pytest.mark.parametrize(
    ("call", "value", "extra"),
    [
        ("background_response('x', 'refresh')", None, "refresh"),
        ("background_response(None)", None, "backgroundresponse"),
        ("background_response('x', 'y')", ["x", "y"], "backgroundresponse"),
        (
            "background_response([{'target': 'a', 'content': '1'}, {'target': 'b', 'content': '2'}])",
            [{"target": "a", "content": "1"}, {"target": "b", "content": "2"}],
            "backgroundresponse",
        ),
        (
            "background_response('one', word='two')",
            {"pargs": ["one"], "kwargs": {"word": "two"}},
            "backgroundresponse",
        ),
        ("background_response({'day': as_datetime('2026-01-02')})", {"day": "2026-01-02T00:00:00-05:00"}, None),
    ],
)
def test_any_other_value_goes_to_the_page_as_json(session: Open, call: str, value: object, extra: str | None) -> None:
    assert told(session, call) == (value, extra or "backgroundresponse")


def test_fields_need_a_dictionary(session: Open) -> None:
    s = session(event("background_response(['food'], 'fields')"))
    s.open()
    assert "dictionary" in s.check_in("taste").outcome.failure.error_message


@pytest.mark.parametrize(
    "end",
    ["drink", "command('exit')", "command('leave')", "message('No')", "response('text')", "json_response({'a': 1})",
     "background_response_action('other')", "visits"],
)  # fmt: skip
def test_other_ends_tell_nothing_and_keep_what_was_changed(session: Open, end: str) -> None:
    s = session(event(f"visits += 1\n{end}") + "---\nquestion: What do you drink?\nfields:\n  - Drink: drink\n")
    s.open()
    result = s.check_in("taste")
    assert (result.outcome.kind, result.outcome.is_silent, result.save) == ("browser_answer", True, "overwrite")
    assert s.answers["visits"] >= 1
    assert s.open() == "What do you eat?"


@pytest.mark.parametrize(("status", "save"), [("new", "overwrite"), ("overwrite", "overwrite"), ("ignore", "ignore")])
def test_the_save_status_can_only_keep_from_saving(session: Open, status: str, save: str) -> None:
    s = session(event(f"visits += 1\nset_save_status('{status}')\nbackground_response()"))
    s.open()
    assert s.check_in("taste").save == save
    assert len(s.steps) == 1


def test_initial_and_changed_are_single_arguments_only(session: Open) -> None:
    code = "background_response([action_argument('_initial'), action_argument('_changed'), action_arguments()])"
    value, _ = told(session, code, food="", _initial=True, _changed="food")
    assert value == [True, "food", {"food": ""}]


def test_raw_texts_of_boxes_come_by_their_keys(session: Open) -> None:
    code = "background_response(action_argument(\"fruits['apple']\"))"
    assert told(session, code, **{"fruits['apple']": "True"})[0] == "True"


TEMPLATE = """
---
template: comment
target: feedback
content: |
  You like ${ action_argument('food') } and *${ shout }*.
"""


def test_code_that_ends_in_a_template_fills_its_place_anew_each_time(session: Open) -> None:
    s = session(event("shout = action_argument('food').upper()\ncomment") + TEMPLATE)
    s.open()
    for food in ("soup", "rice"):
        content = f"You like {food} and <em>{food.upper()}</em>."
        assert s.check_in("taste", food=food).outcome.value == {"target": "feedback", "content": content}
    assert "comment" not in s.answers


def test_the_thing_that_the_screen_asks_about_is_the_thing_of_its_check_in(session: Open) -> None:
    s = session("""
objects:
  - friend: Individual
  - neighbour: Individual
---
mandatory: True
code: neighbour.nickname
---
generic object: Individual
question: What is ${ x.instanceName } called?
fields:
  - Name: x.nickname
check in: x.looked_at
---
generic object: Individual
event: x.looked_at
code: |
  background_response(x.instanceName)
""")
    s.open()
    assert s.check_in("x.looked_at").outcome.value == "neighbour"


def test_an_action_that_somebody_has_under_way_is_left_alone(session: Open) -> None:
    s = session(
        event("drink\nbackground_response()")
        + "---\nquestion: What do you drink?\nfields:\n  - Drink: drink\n---\n"
        + "question: How old are you?\nfields:\n  - Age: age\n"
    )
    s.open()
    s.act("age")
    assert s.open() == "How old are you?"
    assert s.check_in("taste").outcome.is_silent
    assert s.open() == "How old are you?"


@pytest.mark.parametrize(("last_line", "heard"), [("", "nothing"), ("  process_action()\n", "moin")])
def test_initial_code_runs_before_check_in_code_only_where_it_says_when(
    session: Open, last_line: str, heard: str
) -> None:
    """The second evaluation has forgotten what the first one did to a name of the kind that is made anew."""
    initial = "reset:\n  - greeting\n---\ninitial: True\ncode: |\n  greeting = 'moin'\n" + last_line
    code = event("background_response(showifdef('greeting', 'nothing'))")
    s = session(f"{initial}---{code}")
    s.open()
    assert s.check_in("taste").outcome.value == heard


def test_a_name_that_nothing_defines_tells_nothing(session: Open) -> None:
    s = session(SCREEN)
    s.open()
    assert s.check_in("nowhere_defined").outcome.is_silent


def test_what_is_no_name_is_refused(session: Open) -> None:
    s = session(SCREEN)
    s.open()
    assert "is not the name of an action" in s.check_in("1; import os").outcome.failure.error_message


@pytest.mark.parametrize(("interval", "seconds"), [("0", 0.0), ("1000", 1.0), ("2500", 2.5)])
def test_an_interview_sets_how_often_its_pages_ask(session: Open, interval: str, seconds: float) -> None:
    s = session(
        f"features:\n  checkin interval: {interval}\n---{SCREEN}---\nevent: taste\ncode: background_response()\n"
    )
    s.open()
    assert s.screen.check_in_seconds == seconds


@pytest.mark.parametrize("interval", ["999", "-1", "often", "True"])
def test_an_interval_that_is_none_is_an_error_of_the_interview(session: Open, interval: str) -> None:
    s = session(f"features:\n  checkin interval: {interval}\n---{SCREEN}")
    with pytest.raises(AssertionError, match="at least 1000"):
        s.open()
