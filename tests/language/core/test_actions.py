"""Actions come before the normal logic (spec/area1 §2)."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from shared.interview.runtime.operations import CallAction
from tests.language.core.sessions import Session

Open = Callable[..., Session]

COLORS = """
mandatory: True
question: Your color is ${ color }
---
question: Which color?
fields:
  - Color: color
---
event: shout
code: color = color.upper() + action_argument('mark')
---
event: about
question: About this interview
"""


def test_event_code_runs_once_and_the_normal_screen_follows(session: Open) -> None:
    s = session(COLORS)
    s.open()
    s.answer(color="red")
    assert s.asked(s.act("shout", mark="!")) == "Your color is RED!"
    assert s.result.save == "new"
    assert s.open() == "Your color is RED!"


def test_a_question_is_asked_again_although_its_variable_has_a_value(session: Open) -> None:
    s = session(COLORS)
    s.open()
    s.answer(color="red")
    assert s.asked(s.act("color")) == "Which color?"
    assert s.answer(color="blue") == "Your color is blue"


def test_the_question_of_an_action_stays_for_its_browser_only(session: Open) -> None:
    s = session(COLORS)
    s.open()
    s.answer(color="red")
    s.act("color")
    assert s.open() == "Which color?"
    s.browser = "another browser"
    assert s.open() == "Your color is red"


def test_an_action_nothing_defines_is_dropped(session: Open) -> None:
    s = session(COLORS)
    s.open()
    s.answer(color="red")
    assert s.asked(s.act("no_such_thing")) == "Your color is red"


def test_an_event_question_is_shown(session: Open) -> None:
    s = session(COLORS)
    s.open()
    assert s.asked(s.act("about")) == "About this interview"


def test_several_variables_are_asked_one_after_the_other(session: Open) -> None:
    s = session(
        COLORS
        + """
---
question: Which shape?
fields:
  - Shape: shape
"""
    )
    s.open()
    s.answer(color="red")
    assert s.asked(s.act("_da_force_ask", variables=["shape", "color"])) == "Which shape?"
    assert s.answer(shape="round") == "Which color?"
    assert s.answer(color="blue") == "Your color is blue"


def test_a_priority_action_forgets_what_was_pending(session: Open) -> None:
    s = session(COLORS)
    s.open()
    s.answer(color="red")
    s.act("color")
    s.act("_da_priority_action", _action="shout", _arguments={"mark": "?"})
    assert s.screen.question_text == "Your color is RED?"


def test_control_items_set_undefine_and_recompute(session: Open) -> None:
    s = session(
        COLORS
        + """
---
code: doubled = 2 * number
---
mandatory: True
code: |
  number = 1
  doubled
"""
    )
    s.open()
    s.answer(color="red")
    s.act("_da_force_ask", variables=[{"set": [{"number": 4}]}, {"recompute": ["doubled"]}])
    s.act("_da_force_ask", variables=[{"undefine": ["color"]}])
    assert s.screen.question_text == "Which color?"


def test_need_asks_before_the_logic_goes_on(session: Open) -> None:
    s = session(
        COLORS
        + """
---
question: Which size?
fields:
  - Size: size
"""
    )
    s.open()
    s.answer(color="red")
    assert s.asked(s.act("need", variable="size")) == "Which size?"
    s.browser = "another browser"
    assert s.open() == "Which size?"
    assert s.answer(size="9") == "Your color is red"


def test_event_code_that_lacks_something_asks_and_is_not_resumed(session: Open) -> None:
    s = session(
        COLORS
        + """
---
event: paint
code: |
  painted = size
---
question: Which size?
fields:
  - Size: size
"""
    )
    s.open()
    s.answer(color="red")
    assert s.asked(s.act("paint")) == "Which size?"
    assert s.answer(size="9") == "Your color is red"
    assert "painted" not in s.answers


def test_event_code_runs_again_when_what_it_lacked_needed_no_screen(session: Open) -> None:
    s = session(
        COLORS
        + """
---
event: count
code: |
  runs = (runs if defined('runs') else 0) + 1
  computed
  color = 'green'
---
code: computed = True
"""
    )
    s.open()
    s.answer(color="red")
    assert s.asked(s.act("count")) == "Your color is green"
    assert s.answers["runs"] == 2


def test_process_action_in_code_decides_the_moment(session: Open) -> None:
    s = session("""
initial: True
code: |
  prepared = True
  process_action()
---
event: look
code: seen = prepared
---
mandatory: True
question: Seen ${ seen if defined('seen') else 'nothing' }
""")
    s.open()
    assert s.asked(s.act("look")) == "Seen True"


def test_an_action_of_a_generic_block_is_called_by_the_full_name(session: Open) -> None:
    s = session("""
objects:
  - user: Individual
---
generic object: Individual
event: x.rename
code: x.nick = 'Bob'
---
mandatory: True
code: |
  user
  user.nick = 'Ann'
---
mandatory: True
question: ${ user.nick }
""")
    s.open()
    assert s.asked(s.act("user.rename")) == "Bob"


def test_a_read_only_action_saves_nothing(session: Open) -> None:
    s = session(COLORS)
    s.open()
    s.answer(color="red")
    result = s.run(CallAction(action="shout", arguments={"mark": "!"}, is_read_only=True))
    assert result.save == "ignore"
    assert s.answers["color"] == "red"


def test_a_json_response_ends_the_run(session: Open) -> None:
    s = session(
        COLORS
        + """
---
event: tell
code: |
  set_save_status('ignore')
  json_response({'color': color})
"""
    )
    s.open()
    s.answer(color="red")
    result = s.act("tell")
    assert result.outcome.kind == "response"
    assert orjson.loads(s.blobs["body"]) == {"color": "red"}
    assert result.save == "ignore"
