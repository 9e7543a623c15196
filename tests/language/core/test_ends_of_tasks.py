"""How background actions end, row by row, and what their second phases know (spec/area1 §7 to §9, §20)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.contracts.visitor import UserFacts
from shared.interview.runtime.operations import RunBackgroundAction
from tests.language.core.sessions import Session

Open = Callable[..., Session]

LAUNCH = """
mandatory: True
code: |
  kept = 1
  task = background_action('work')
---
mandatory: True
question: Wait
---
event: work
code: |
"""


def work_that(*lines: str) -> str:
    """An interview whose task does this."""
    return LAUNCH + "".join(f"  {line}\n" for line in lines)


@pytest.mark.parametrize(
    "ending",
    [
        "response('text')",
        "response()",
        "response(binaryresponse=b'123')",
        "json_response({'a': 1})",
        "variables_as_json()",
        "command('leave')",
        "command('logout')",
        "command('refresh')",
        "command('signin')",
    ],
)
def test_an_end_that_is_for_pages_is_a_task_without_a_value(session: Open, ending: str) -> None:
    s = session(work_that("kept = 2", ending))
    s.open()
    outcome = s.work().outcome
    assert outcome.kind == "background_value"
    assert outcome.json_value is None
    assert s.answers["kept"] == 1


@pytest.mark.parametrize("ending", ["restart", "exit", "exit_logout"])
def test_a_command_that_ends_the_session_ends_it_from_a_task_too(session: Open, ending: str) -> None:
    s = session(work_that(f"command('{ending}')"))
    s.open()
    assert s.work().save == "delete"


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        (["message('Stop here')"], "Stop here"),
        (["pass"], "Wait"),
        (["only_a_person_knows"], "What?"),
    ],
    ids=["a message", "the logic that follows", "a question"],
)
def test_a_task_that_comes_to_a_screen_has_failed_with_its_question(
    session: Open, lines: list[str], asked: str
) -> None:
    s = session(work_that(*lines) + "---\nquestion: What?\nfields:\n  - That: only_a_person_knows\n")
    s.open()
    outcome = s.work().outcome
    assert (outcome.kind, outcome.question_text) == ("screen", asked)


def test_a_task_whose_logic_runs_out_has_failed(session: Open) -> None:
    s = session("""
mandatory: True
code: |
  if not defined('is_over'):
    waiting
---
event: waiting
question: Wait
---
event: start
code: |
  task = background_action('work')
---
event: work
code: |
  is_over = True
""")
    s.open()
    s.act("start")
    outcome = s.work().outcome
    assert outcome.kind == "failed"
    assert "mandatory" in outcome.failure.error_message


def test_the_four_facts_of_an_error_are_arguments_and_stand_before_others_of_their_name(session: Open) -> None:
    s = session(
        work_that(
            "background_error_action('sorry', stage='first', error_type='mine', variables='mine', error_trace='mine')",
            "unheard_of + 1",
        )
        + """---
event: sorry
code: |
  told = action_arguments()
  background_response(told['stage'])
"""
    )
    s.open()
    s.work()
    assert s.payload() == "first"
    told = s.answers["told"]
    assert told["stage"] == "first"
    assert told["variables"][0] == "unheard_of"
    assert told["error_type"] not in ("mine", "")
    assert told["error_trace"] != "mine"
    assert "unheard_of" in told["error_message"]


def test_an_error_action_that_fails_itself_saves_nothing(session: Open) -> None:
    s = session(
        work_that("background_error_action('sorry')", "1 / 0") + "---\nevent: sorry\ncode: |\n  kept = 2\n  [][1]\n"
    )
    s.open()
    s.work()
    assert s.result.outcome.kind == "failed"
    assert s.answers["kept"] == 1


def test_the_last_error_action_counts_and_a_question_calls_it_too(session: Open) -> None:
    s = session(
        work_that("background_error_action('first')", "background_error_action('second')", "only_a_person_knows")
        + """---
event: first
code: |
  said = 'first'
  background_response()
---
event: second
code: |
  said = action_argument('error_type') + ': ' + action_argument('error_message')
  background_response()
---
question: What?
fields:
  - That: only_a_person_knows
"""
    )
    s.open()
    s.work()
    assert s.answers["said"] == "QuestionError: What?"


def test_a_second_phase_sees_what_was_answered_meanwhile_and_not_what_the_first_has_changed(session: Open) -> None:
    s = session("""
mandatory: True
code: |
  kept = 1
  task = background_action('work')
---
mandatory: True
code: |
  color
---
mandatory: True
question: Done
---
question: Which color?
fields:
  - Color: color
---
event: work
code: |
  kept = 1000
  background_response_action('save', seen=kept)
---
event: save
code: |
  found = [action_argument('seen'), kept, color]
  background_response()
""")
    assert s.open() == "Which color?"
    launch, arguments = s._launched
    before = list(s.steps)
    s.run(RunBackgroundAction(task_id=launch.task_id, action="work"), arguments=arguments)
    asked = s.blobs["arguments"]
    s.steps = before
    assert s.answer(color="red") == "Done"
    steps = len(s.steps)
    s.respond(launch.task_id, "save", asked)
    assert s.answers["found"] == [1000, 1, "red"]
    assert (s.answers["color"], len(s.steps)) == ("red", steps)


def test_a_second_phase_that_does_not_say_that_it_ends_is_saved_without_a_value_and_noted(session: Open) -> None:
    s = session(work_that("background_response_action('save')") + "---\nevent: save\ncode: |\n  kept = 2\n")
    s.open()
    s.work()
    assert s.answers["kept"] == 2
    assert s.payloads == {}
    assert any("background_response()" in str(getattr(effect, "message", "")) for effect in s.result.effects)


def test_a_second_phase_of_an_object_knows_which(session: Open) -> None:
    s = session("""
objects:
  - friend: Individual
---
mandatory: True
code: |
  friend.name.first = 'Bo'
  task = background_action('work')
---
mandatory: True
question: Wait
---
event: work
code: |
  background_response_action('friend.found')
---
generic object: Individual
event: x.found
code: |
  noted = x.name.first
  background_response(noted)
""")
    s.open()
    s.work()
    assert s.payload() == "Bo"
    assert s.answers["noted"] == "Bo"


def test_all_phases_speak_the_language_of_who_launched_the_task(session: Open) -> None:
    s = session("""
mandatory: True
code: |
  set_language('es')
  task = background_action('work')
---
mandatory: True
question: Wait
---
event: work
code: |
  background_response_action('save', first=[get_language(), word('yes')])
---
event: save
code: |
  background_response([action_argument('first'), [get_language(), word('yes')]])
""")
    s.open()
    s.work()
    first, second = s.payload()
    assert first == second
    assert first[0] == "es"


@pytest.mark.parametrize("roles", [("user",), ("admin",), ("user", "advocate")])
def test_all_phases_run_as_who_launched_the_task(session: Open, roles: tuple[str, ...]) -> None:
    who = "user_info().first_name, user_info().email, user_info().timezone"
    facts = f"[{who}, user_privileges(), user_logged_in(), interface()]"
    s = session(
        work_that("background_error_action('sorry')", f"first = {facts}", "kept / (kept - 1)")
        + f"---\nevent: sorry\ncode: |\n  background_response({facts})\n"
    )
    s.user = UserFacts(
        is_anonymous=False,
        is_authenticated=True,
        the_user_id="7",
        email="ann@example.org",
        firstname="Ann",
        timezone="Europe/Berlin",
        roles=roles,
    )
    s.open()
    s.work()
    seen: Any = s.payload()
    assert seen == ["Ann", "ann@example.org", "Europe/Berlin", list(roles), True, "worker"]
