"""Every error names file, line and block; lint finds them all without running anything (DESIGN §5)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.interview.runtime.operations import ShowScreen, SubmitForm
from tests.language.core.sessions import Session

Open = Callable[..., Session]


def fails(s: Session) -> tuple[str, int | None]:
    """Message and line of the failure when the session is opened."""
    s.run(ShowScreen(is_first=True))
    assert s.failure.file == s.reference
    return s.failure.failure.error_message, s.failure.line


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("question: a\nquestion: b\n", "stands twice", 2),
        ("question: Hello\n---\nfields: [a\n", "not valid YAML", 3),
        ("- a\n- b\n", "has to be a mapping", 1),
        ("mandatory: True\ncode: |\n  a = 1\n  b = = 2\n", "Python", 4),
        ("question: |\n  One\n  ${ 1 + }\n", "Mako", 3),
        ("question: |\n  % if True:\n  Open\n", "Mako", 2),
        ("question: a\nyesno: b\nnoyes: c\n", "one way", 3),
        ("question: a\nfields:\n  - A: a\n  - B: b\n    C: c\n", "more than one label", 4),
        ("question: a\nyesno: b + 1\n", "not a name", 2),
        ("question: a\ncode: b = 1\n", "not both", 2),
        ("include: nowhere.yml\n", "was not found", 1),
    ],
)
def test_what_is_wrong_in_the_source_is_found_when_it_is_read(
    session: Open, text: str, message: str, line: int
) -> None:
    found, where = fails(session(text))
    assert message in found
    assert where == line


def test_an_error_of_code_names_the_line_of_the_file(session: Open) -> None:
    s = session("metadata:\n  title: Test\n---\nmandatory: True\ncode: |\n  a = 1\n  b = a / 0\n")
    message, line = fails(s)
    assert (message, line, s.failure.block) == ("division by zero", 7, "Question_2")
    assert "/shared/interview/" not in (s.failure.failure.error_trace or "")


def test_an_error_in_mako_names_the_line_of_the_file(session: Open) -> None:
    message, line = fails(session("mandatory: True\nquestion: Hello\nsubquestion: |\n  One\n  ${ 1 / 0 }\n"))
    assert (message, line) == ("division by zero", 5)


def test_a_failed_run_leaves_no_effects(session: Open) -> None:
    s = session("""
mandatory: True
code: |
  task = background_action('later')
  1 / 0
---
event: later
code: background_response()
""")
    s.run(ShowScreen(is_first=True))
    assert s.result.effects == ()
    assert s.blobs == {}


def test_an_unknown_interview_is_an_outcome(session: Open) -> None:
    s = session("mandatory: True\nquestion: Hello\n")
    (s.folder / "data/questions/test.yml").unlink()
    s.run(ShowScreen(is_first=True))
    assert s.reference in s.failure.failure.error_message


def test_lint_names_every_problem_and_what_has_no_effect(session: Open) -> None:
    s = session("question: a\nmandatory: True\nyesno: b +\n---\ncode: a = = 1\n---\nquestion: c\nfeild: d\n")
    findings = s.engine.lint(s.reference)
    assert [(finding.severity, finding.position.line) for finding in findings if finding.position] == [
        ("error", 3),
        ("error", 5),
        ("warning", 8),
    ]


def test_describe_says_what_an_interview_is_or_why_it_cannot_be_read(session: Open) -> None:
    s = session("metadata:\n  title:\n    en: Colors\n    es: Colores\n  needs: [mail]\n")
    described = s.engine.describe(s.reference, "es")
    assert (described["title"], described["needs"], described["problem"]) == ("Colores", ("mail",), "")
    broken = session("question: [\n")
    assert "not valid YAML" in broken.engine.describe(broken.reference, "en")["problem"]


HANDLED = """
metadata:
  error action: on_error
---
mandatory: True
code: |
  number
  1 / number
---
mandatory: True
question: All went well
---
question: Which number?
fields:
  - Number: number
    datatype: integer
---
event: on_error
code: |
  told = action_argument('error_message')
  failures = (failures if defined('failures') else 0) + 1
  apology
---
event: apology
question: Sorry
subquestion: ${ told }, ${ failures } times
"""


def test_an_error_is_handled_by_the_action_that_the_interview_names_for_it(session: Open) -> None:
    s = session(HANDLED)
    s.open()
    steps = len(s.steps)
    assert s.answer(number="0") == "Sorry"
    assert "division by zero, 1 times" in s.screen.subquestion_html
    assert len(s.steps) == steps, "what was typed led nowhere"
    noted = [effect.message for effect in s.result.effects if effect.kind == "log"]
    assert noted == [
        f"ZeroDivisionError in {s.reference}, line 8, Question_2; the error action on_error was run instead"
    ]
    assert s.open() == "Which number?", "and the interview can go on"
    assert s.answer(number="2") == "All went well"


def test_an_error_action_that_fails_leaves_the_first_error(session: Open) -> None:
    s = session(HANDLED.replace("  apology\n", "  raise ValueError('second')\n", 1))
    s.open()
    s.run(SubmitForm(form=s.screen.form, inputs=((s.screen.fields[0].input_name, "0"),)))
    assert "division by zero" in s.failure.failure.error_message
