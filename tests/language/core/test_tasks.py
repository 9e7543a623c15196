"""Background actions: on a snapshot, with a response or error action that is saved (spec/area1 §5 to §9)."""

from __future__ import annotations

from collections.abc import Callable

from tests.language.core.sessions import Session

Open = Callable[..., Session]

SUM = """
mandatory: True
code: |
  number = 2
  task = background_action('add', additional=3)
---
mandatory: True
question: |
  % if task.ready():
  ${ task.get() } ${ task.failed() } ${ answer if defined('answer') else '' }
  % else:
  Wait
  % endif
---
event: add
code: |
  number = 1000 + number
"""


def test_the_value_of_a_task_comes_back_and_its_changes_do_not(session: Open) -> None:
    s = session(SUM + "  background_response(number + action_argument('additional'))\n  never = True\n")
    assert s.open() == "Wait"
    assert s.work().outcome.kind == "background_value"
    assert s.open() == "1005 False"
    assert s.answers["number"] == 2
    assert "never" not in s.answers


def test_a_response_action_saves_and_gives_the_value(session: Open) -> None:
    s = session(
        SUM
        + """
  background_response_action('save', found=number)
---
event: save
code: |
  answer = action_argument('found') + number
  background_response('saved')
"""
    )
    s.open()
    steps = len(s.steps)
    s.work()
    assert s.open() == "saved False 1004"
    assert len(s.steps) == steps


def test_an_error_action_is_told_what_happened(session: Open) -> None:
    s = session(
        SUM
        + """
  background_error_action('failed', stage='first')
  1 / 0
---
event: failed
code: |
  answer = [action_argument(name) for name in ('stage', 'error_type', 'error_message')]
  background_response('handled')
"""
    )
    s.open()
    s.work()
    assert s.open().startswith("handled True")
    assert s.answers["answer"] == ["first", "ZeroDivisionError", "division by zero"]


def test_a_task_that_reaches_a_question_has_failed(session: Open) -> None:
    s = session(
        SUM
        + """
  color
---
question: Which color?
fields:
  - Color: color
"""
    )
    s.open()
    outcome = s.work().outcome
    assert outcome.kind == "screen"
    assert outcome.question_text == "Which color?"
    assert s.open() == "None True"


def test_a_task_that_lacks_a_name_says_which(session: Open) -> None:
    s = session(SUM + "  unheard_of\n")
    s.open()
    outcome = s.work().outcome
    assert outcome.kind == "failed"
    assert outcome.failure.variables[0] == "unheard_of"


def test_a_failing_response_action_saves_nothing(session: Open) -> None:
    s = session(
        SUM
        + """
  background_response_action('save')
---
event: save
code: |
  answer = 1
  1 / 0
"""
    )
    s.open()
    s.work()
    assert s.result.outcome.kind == "failed"
    assert "answer" not in s.answers


def test_commands_in_a_task_end_the_session_or_nothing(session: Open) -> None:
    s = session(SUM + "  command('exit')\n")
    s.open()
    result = s.work()
    assert (result.outcome.kind, result.save) == ("command", "delete")
    s = session(SUM + "  command('leave')\n")
    s.open()
    assert s.work().outcome.kind == "background_value"


def test_objects_cross_as_arguments_with_their_names(session: Open) -> None:
    s = session("""
objects:
  - user: Individual
---
mandatory: True
code: |
  user.name.first = 'Ann'
  task = background_action('greet', None, who=user, action='own', ui_notification='too')
---
event: greet
code: |
  who = action_argument('who')
  background_response([who.name.first, who.instanceName, action_argument('action')])
---
mandatory: True
question: |
  ${ task.get() if task.ready() else 'Wait' }
""")
    assert s.open() == "Wait"
    s.work()
    assert s.payload() == ["Ann", "user", "own"]


def test_values_of_all_kinds_cross_as_arguments(session: Open) -> None:
    s = session("""
imports:
  - datetime
---
mandatory: True
code: |
  day, when, kinds = datetime.date(2026, 5, 5), DADateTime(2026, 1, 2), {'ä': [1, None, {2}]}
  task = background_action('greet', day=day, when=when, kinds=kinds, name='Ünä', self=True)
---
event: greet
code: |
  given = action_arguments()
  background_response([
    given['day'].year, given['kinds']['ä'][2], given['name'], given['self'], given['when'].plus(days=1).day
  ])
---
mandatory: True
question: |
  ${ task.get() if task.ready() else 'Wait' }
""")
    assert s.open() == "Wait"
    s.work()
    assert s.payload() == [2026, {2}, "Ünä", True, 3]


def test_all_phases_of_a_task_know_who_launched_it_and_with_which_address(session: Open) -> None:
    facts = "[interface(), url_args['color'], user_logged_in(), user_privileges()]"
    text = f"""
mandatory: True
code: |
  task = background_action('work')
---
event: work
code: |
  background_error_action('sorry')
  here = {facts}
  if url_args['color'] == 'red':
    background_response_action('keep', here=here)
  1 / 0
---
event: keep
code: |
  background_response([action_argument('here'), {facts}])
---
event: sorry
code: |
  background_response([{facts}])
---
mandatory: True
question: Wait
"""
    for color, phases in (("red", 2), ("blue", 1)):
        s = session(text)
        s.open(color=color)
        s.work()
        assert s.payload() == [["worker", color, False, ["user"]]] * phases
