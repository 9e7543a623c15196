"""Rules of actions that hold whatever asks for them: targets, the moment, the stack, how the result is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from shared.interview.runtime.outcomes import RunFailed
from tests.language.core.sessions import Session

Open = Callable[..., Session]

FRUIT = """
mandatory: True
question: You eat ${ fruit }
---
question: Which fruit?
fields:
  - Fruit: fruit
---
question: Which color?
fields:
  - Color: color
"""


def opened(session: Open, more: str = "") -> Session:
    s = session(FRUIT + more)
    s.open()
    s.answer(fruit="plums")
    return s


# -- What an action may name ------------------------------------------------------------------------------------------


def test_a_variable_of_code_is_made_again_and_then_asked_if_a_question_offers_it(session: Open) -> None:
    s = opened(session, "---\ncode: |\n  count = (count if defined('count') else 0) + 1\n")
    assert s.asked(s.act("count")) == "You eat plums"
    assert s.answers["count"] == 1
    s = opened(
        session,
        "---\nquestion: How many?\nfields:\n  - Count: amount\n    datatype: integer\n---\ncode: amount = 7\n",
    )
    assert s.asked(s.act("amount")) == "How many?"
    assert s.screen.fields[0].default == "7", "the code has run before"
    assert s.answer(amount="8") == "You eat plums"
    assert s.answers["amount"] == 8


def test_code_that_lacks_an_answer_goes_on_after_it_unless_it_is_an_event(session: Open) -> None:
    s = opened(session, "---\ncode: |\n  painted = fruit + ' in ' + color\n")
    assert s.asked(s.act("painted")) == "Which color?"
    assert s.answer(color="blue") == "You eat plums"
    assert s.answers["painted"] == "plums in blue"


def test_the_screen_of_an_event_goes_when_its_button_is_pressed(session: Open) -> None:
    s = opened(session, "---\nevent: about\nquestion: About us\nbuttons:\n  - Back to it: continue\n")
    assert s.asked(s.act("about")) == "About us"
    assert s.open() == "About us"
    assert s.asked(s.press("Back to it")) == "You eat plums"
    assert s.open() == "You eat plums"


@pytest.mark.parametrize("name", ["fruit.peel()", "1 + 1", "__import__('os')", "", "class"])
def test_what_is_no_name_is_an_error_that_changes_nothing(session: Open, name: str) -> None:
    s = opened(session)
    steps = list(s.steps)
    assert isinstance(s.act(name).outcome, RunFailed)
    assert s.steps == steps


@pytest.mark.parametrize(
    "variables", [[7], [{}], [{"undefine": "import os"}], [{"set": [{"a.b()": 1}]}], {"action": "x()"}]
)
def test_what_cannot_be_asked_is_an_error_that_changes_nothing(session: Open, variables: Any) -> None:
    s = opened(session)
    steps = list(s.steps)
    s.act("_da_force_ask", variables=variables)
    assert s.steps == steps or s.screen.question_text == "You eat plums"
    assert s.answers["fruit"] == "plums"


def test_several_can_be_asked_and_done_in_their_order(session: Open) -> None:
    s = opened(session, "---\nevent: mark\ncode: marked = action_argument('by')\n")
    wanted = [{"action": "mark", "arguments": {"by": "Ann"}}, "color", {"follow up": ["fruit"]}]
    assert s.asked(s.act("_da_force_ask", variables=wanted)) == "Which color?"
    assert s.answers["marked"] == "Ann"
    assert s.answer(color="blue") == "Which fruit?"
    assert s.answer(fruit="pears") == "You eat pears"


# -- The moment -------------------------------------------------------------------------------------------------------

LATER = """
initial: True
code: |
  prepared = True
---
code: |
  never = process_action()
---
event: look
code: |
  seen = defined('prepared')
---
event: look_and_tell
code: |
  background_response(defined('prepared'))
---
mandatory: True
question: Hello
"""


def test_an_action_comes_before_initial_code(session: Open) -> None:
    s = session(LATER.replace("never = process_action()", "never = 1"))
    s.act("look")
    assert s.answers["seen"] is False


def test_code_that_mentions_processing_switches_the_default_off_everywhere(session: Open) -> None:
    s = session(LATER)
    s.open()
    s.act("look")
    assert "seen" not in s.answers, "nobody called it"
    assert s.check_in("look_and_tell").outcome.kind == "browser_answer"
    assert s.result.outcome.is_silent  # type: ignore[union-attr]
    s = session(LATER.replace("prepared = True\n", "prepared = True\n  process_action()\n"))
    s.open()
    assert s.check_in("look_and_tell").outcome.value is True  # type: ignore[union-attr]


@pytest.mark.parametrize(("moment", "more"), [("other = 1", 0), ("process_action()", 1)])
def test_the_moment_is_the_same_in_a_task(session: Open, moment: str, more: int) -> None:
    s = session(f"""
initial: True
code: |
  rounds = (rounds if defined('rounds') else 0) + 1
  {moment}
---
event: start
code: |
  task = background_action('look')
---
event: look
code: |
  background_response(rounds)
---
mandatory: True
question: Hello
""")
    s.open()
    s.act("start")
    before = s.answers["rounds"]
    assert s.work().outcome.json_value == before + more  # type: ignore[union-attr]


# -- The stack --------------------------------------------------------------------------------------------------------


def test_what_is_gathered_by_force_is_asked_whoever_comes_and_the_rest_of_its_browser_only(session: Open) -> None:
    s = opened(session, "---\nevent: gather\ncode: force_gather('color')\n")
    assert s.asked(s.act("gather")) == "Which color?"
    s.browser = "another browser"
    assert s.open() == "Which color?"
    assert s.answer(color="red") == "You eat plums"
    s.browser = "first browser"
    assert s.open() == "You eat plums"


def test_an_action_can_forget_what_its_browser_was_asked(session: Open) -> None:
    s = opened(session)
    s.act("color")
    assert s.asked(s.act("_da_priority_action", _action="fruit", _arguments={})) == "Which fruit?"
    assert s.answer(fruit="pears") == "You eat pears"


# -- How it is kept ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "save", "fruit"), [("new", "new", "pears"), ("overwrite", "overwrite", "pears")])
def test_a_result_is_a_step_of_its_own_or_part_of_the_present_one(
    session: Open, status: str, save: str, fruit: str
) -> None:
    s = opened(session, f"---\nevent: change\ncode: |\n  fruit = 'pears'\n  set_save_status('{status}')\n")
    steps = len(s.steps)
    assert s.act("change").save == save
    assert len(s.steps) == steps + (1 if save == "new" else 0)
    assert s.answers["fruit"] == fruit


def test_what_is_ignored_is_shown_and_not_kept(session: Open) -> None:
    s = opened(session, "---\nevent: change\ncode: |\n  fruit = 'pears'\n  set_save_status('ignore')\n")
    assert s.asked(s.act("change")) == "You eat pears"
    assert s.open() == "You eat plums"


def test_an_action_that_only_tells_something_makes_no_step(session: Open) -> None:
    s = opened(session, "---\nevent: tell\ncode: |\n  json_response(fruit)\n---\nevent: count\ncode: |\n"
               "  seen = (seen if defined('seen') else 0) + 1\n  json_response(seen)\n")  # fmt: skip
    assert s.act("tell").save == "ignore"
    assert orjson.loads(s.blobs["body"]) == "plums"
    assert s.act("count").save == "new"
    assert s.answers["seen"] == 1


def test_a_message_and_all_variables_can_end_an_action(session: Open) -> None:
    s = opened(session, "---\nevent: say\ncode: message('Hi', 'There')\n---\nevent: tell\ncode: variables_as_json()\n")
    assert s.asked(s.act("say")) == "Hi"
    s.act("tell")
    assert orjson.loads(s.blobs["body"])["fruit"] == "plums"
