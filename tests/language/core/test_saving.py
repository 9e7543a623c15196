"""What a run says of saving, and what is stored (spec/area2 §2.5, spec/area4 §4.1, §5.7, §6.8)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.interview.runtime.operations import ShowScreen
from shared.interview.runtime.outcomes import Header
from tests.language.core.sessions import Session

Open = Callable[..., Session]

ONE = """
mandatory: True
question: Which color?
fields:
  - Color: color
---
mandatory: True
question: ${ color }
"""


def test_an_answer_is_a_new_step_and_a_reload_is_not(session: Open) -> None:
    s = session(ONE)
    s.open()
    assert s.result.save == "overwrite"
    s.answer(color="red")
    assert s.result.save == "new"
    s.open()
    assert (s.result.save, len(s.steps)) == ("overwrite", 2)


def test_a_reload_that_changes_nothing_says_so(session: Open) -> None:
    s = session(ONE)
    s.open()
    s.answer(color="red")
    assert s.result.is_changed
    s.open()
    s.open()
    assert not s.result.is_changed


def test_a_changed_url_argument_is_a_new_step(session: Open) -> None:
    s = session("mandatory: True\nquestion: Hello ${ url_args.get('who', 'nobody') }\n")
    assert s.open(who="Ann") == "Hello Ann"
    assert s.open(who="Ann") == "Hello Ann"
    assert len(s.steps) == 1
    assert s.open(who="Bob") == "Hello Bob"
    assert len(s.steps) == 2


def test_back_shows_the_step_before_with_what_was_answered(session: Open) -> None:
    s = session(ONE)
    s.open()
    assert not s.screen.may_go_back
    s.answer(color="red")
    assert s.screen.may_go_back
    assert s.back() == "Which color?"
    assert s.screen.fields[0].default == "red"
    assert not s.screen.may_go_back
    assert s.screen.steps == 1


def test_prevent_going_back_holds_for_good(session: Open) -> None:
    s = session("""
mandatory: True
question: Which color?
fields:
  - Color: color
---
mandatory: True
code: prevent_going_back()
---
mandatory: True
question: ${ color }
continue button field: seen
---
mandatory: True
question: End
""")
    s.open()
    s.answer(color="red")
    assert not s.screen.may_go_back
    assert s.result.header.steps_offset == 1
    s.answer()
    assert s.screen.may_go_back


def test_arguments_of_a_link_lose_their_markup(session: Open) -> None:
    s = session("mandatory: True\nquestion: Hello ${ url_args['who'] }\n")
    assert s.open(who="<script>alert(1)</script>Ann <img src=x onerror=alert(1)> & Bob") == "Hello Ann & Bob"
    assert s.answers["url_args"] == {"who": "Ann  & Bob"}
    s.open(who="<script>alert(1)</script>Ann <img src=x onerror=alert(1)> & Bob")
    assert len(s.steps) == 1


def test_a_restart_keeps_only_what_the_session_was_opened_with(session: Open) -> None:
    s = session(ONE)
    s.open(who="Ann")
    s.answer(color="red")
    assert s.restart() == "Which color?"
    assert s.answers["url_args"] == {"who": "Ann"}
    assert "color" not in s.answers


def test_functions_modules_and_classes_are_not_stored(session: Open) -> None:
    s = session("""
imports:
  - math
---
mandatory: True
code: |
  def area(radius):
    return math.pi * radius
  class Shape:
    pass
  size = area(1)
---
mandatory: True
question: ${ round(size) }
""")
    assert s.open() == "3"
    assert s.open() == "3"
    assert set(s.answers) == {"size", "url_args"}


def test_a_value_that_cannot_be_stored_is_named(session: Open) -> None:
    s = session("""
mandatory: True
code: numbers = (number for number in range(3))
---
mandatory: True
question: Hello
""")
    s.run(ShowScreen(is_first=True))
    assert "numbers" in s.failure.failure.error_message


def test_the_header_tells_what_the_server_may_know(session: Open) -> None:
    s = session("""
metadata:
  title: Colors
  tags:
    - art
---
mandatory: True
code: |
  multi_user = True
  allow_cron = True
---
mandatory: True
question: Hello
""")
    s.open()
    header = s.result.header
    assert (header.title, header.tags) == ("Colors", ("art",))
    assert header.multi_user
    assert header.allow_cron


def test_variables_set_from_outside_invalidate_what_depends_on_them(session: Open) -> None:
    s = session("""
depends on:
  - width
code: area = width * 2
---
mandatory: True
question: ${ area }
---
code: width = 2
""")
    assert s.open() == "4"
    assert s.asked(s.assign(width=5)) == "10"


def test_a_question_that_depends_on_another_is_asked_again_with_its_old_value(session: Open) -> None:
    s = session("""
mandatory: True
question: ${ country } ${ city }
---
question: Country?
fields:
  - Country: country
---
depends on: country
question: City?
fields:
  - City: city
""")
    s.open()
    s.answer(country="France")
    assert s.answer(city="Paris") == "France Paris"
    s.act("country")
    assert s.answer(country="Italy") == "City?"
    assert s.screen.fields[0].default == "Paris"


def test_session_local_values_belong_to_one_browser(session: Open) -> None:
    s = session("""
mandatory: True
question: ${ session_local.color if hasattr(session_local, 'color') else 'none' }
---
event: paint
code: session_local.color = 'red'
""")
    s.open()
    assert s.asked(s.act("paint")) == "red"
    s.browser = "another browser"
    assert s.open() == "none"


@pytest.mark.parametrize(
    ("value", "takes_part"),
    [("True", True), ("1", True), ("'yes'", True), ("0", False), ("''", False), ("None", False), ("DAList()", False)],
)
def test_whatever_is_true_lets_a_session_take_part_in_cron(session: Open, value: str, takes_part: bool) -> None:
    s = session(f"mandatory: True\ncode: allow_cron = {value}\n---\nmandatory: True\nquestion: Hello\n")
    s.open()
    assert s.screen.question_text == "Hello"
    assert s.result.header.allow_cron is takes_part


def test_a_header_stored_by_another_release_is_read() -> None:
    assert Header.model_validate_json(b'{"title": "Kept", "a_field_of_then": ["x"]}').title == "Kept"
