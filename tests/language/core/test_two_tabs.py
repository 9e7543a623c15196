"""An old page is posted: what it says is taken where that is possible, and its person is told where it is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.contracts.screen import Form
from shared.interview.evaluate.submit import MOVED_ON
from shared.interview.runtime.operations import SubmitForm
from tests.language.core.sessions import Session

Open = Callable[..., Session]

ONE_AFTER_THE_OTHER = """
objects:
  - people: DAList.using(object_type=Individual, there_are_any=True, ask_number=True, target_number=2)
  - debts: DADict.using(gathered=True)
---
mandatory: True
code: |
  debts.initializeObject('bank', DAObject)
  is_set_up = True
---
mandatory: True
code: |
  color
  for person in people:
    person.name.first
  if len(debts):
    debts['bank'].amount
  final
---
question: Color?
fields:
  - Color: color
    minlength: 2
validation code: |
  if color == 'x':
    validation_error('No such color', field='color')
---
question: Who is ${ ordinal(i) }?
fields:
  - Name: people[i].name.first
validation code: |
  if people[i].name.first == 'x':
    validation_error('No such name')
---
question: How much?
fields:
  - Amount: debts[i].amount
---
event: final
question: ${ color }, ${ people } and ${ len(debts) }
---
event: drop
code: |
  people.pop()
  debts.clear()
"""


def _post(s: Session, form: Form | None, text: str) -> str:
    assert form is not None
    return s.asked(s.run(SubmitForm(form=form, inputs=((form.fields[0].input_name, text),))))


def _told(s: Session) -> list[str]:
    return [html for _, html in s.screen.messages]


def test_an_old_page_that_can_be_taken_is_taken(session: Open) -> None:
    s = session(ONE_AFTER_THE_OTHER)
    assert s.open() == "Color?"
    old = s.screen.form
    assert s.answer(color="red") == "Who is first?"
    assert _post(s, old, "blue") == "Who is first?"
    assert (s.answers["color"], _told(s)) == ("blue", [])


def test_an_old_page_that_is_not_valid_is_told_of_on_the_screen_there_is_now(session: Open) -> None:
    s = session(ONE_AFTER_THE_OTHER)
    s.open()
    old = s.screen.form
    s.answer(color="red")
    assert _post(s, old, "x") == "Who is first?"
    assert (s.answers["color"], _told(s)) == ("red", [MOVED_ON])
    assert [field.error_text for field in s.screen.fields] == [""]
    assert _post(s, s.screen.form, "Ann") == "Who is second?"
    assert _told(s) == []


def test_what_was_typed_about_one_item_does_not_show_up_at_another(session: Open) -> None:
    s = session(ONE_AFTER_THE_OTHER)
    s.open()
    s.answer(color="red")
    first = s.screen.form
    _post(s, first, "Ann")
    assert _post(s, first, "x") == "Who is second?"
    assert [field.default for field in s.screen.fields] == [None]
    assert _told(s) == [MOVED_ON]


@pytest.mark.parametrize("many", [2, 3])
def test_an_old_page_about_what_was_taken_away_meanwhile_is_told_of(session: Open, many: int) -> None:
    s = session(ONE_AFTER_THE_OTHER)
    s.open()
    forms = []
    for name, text in (("color", "red"), ("people[i].name.first", "Ann"), ("people[i].name.first", "Bob")):
        forms.append(s.screen.form)
        s.fill({name: text})
    forms.append(s.screen.form)
    assert s.fill({"debts[i].amount": "4"}) == "red, Ann and Bob and 1"
    s.act("drop")
    assert _post(s, forms[many], "Eve") == "red, Ann and 0"
    assert _told(s) == [MOVED_ON]
    assert "Eve" not in str(s.answers)
