"""What was typed and computed before a command is kept (spec/area2 §2.6, §13.9)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.interview.runtime.operations import ShowScreen, SubmitForm
from shared.interview.runtime.outcomes import CommandGiven
from tests.language.core.sessions import Session

Open = Callable[..., Session]

DOORS = """
mandatory: True
code: |
  if door != 'stay':
    command(door)
---
question: Which door?
fields:
  - Door: door
---
mandatory: True
question: Stayed.
---
event: look
code: command('leave')
"""


def post(session: Session, **texts: str) -> CommandGiven:
    """Fill the form in, which ends in a command."""
    form = session.screen.form
    assert form is not None
    names = {field.variable: field.input_name for field in form.fields}
    session.run(SubmitForm(form=form, inputs=tuple((names[name], text) for name, text in texts.items())))
    assert isinstance(session.result.outcome, CommandGiven), session.result.outcome
    return session.result.outcome


@pytest.mark.parametrize("door", ["leave", "logout", "refresh", "signin", "register", "new_session"])
def test_values_posted_together_with_a_command_are_saved(session: Open, door: str) -> None:
    s = session(DOORS)
    s.open()
    post(s, door=door)
    assert len(s.steps) == 2
    assert s.answers["door"] == door


def test_a_command_that_changes_nothing_makes_no_step(session: Open) -> None:
    s = session(DOORS)
    s.open()
    s.act("look")
    assert s.result.save == "ignore"
    assert len(s.steps) == 1


def test_a_session_that_is_left_at_its_very_beginning_is_not_kept(session: Open) -> None:
    s = session("mandatory: True\ncode: command('leave')\n")
    s.run(ShowScreen(is_first=True))
    assert s.result.save == "ignore"


def test_one_that_begins_with_the_sign_in_is_kept(session: Open) -> None:
    s = session("mandatory: True\ncode: command('signin')\n")
    s.run(ShowScreen(is_first=True), url_args={"from": "moon"})
    assert s.answers["url_args"] == {"from": "moon"}


def test_a_new_session_is_opened_with_what_this_one_was(session: Open) -> None:
    s = session(DOORS)
    s.open(fruit="apple")
    given = post(s, door="new_session")
    assert given.url_args == {"fruit": "apple"}
