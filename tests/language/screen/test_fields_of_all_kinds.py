"""Fields beyond the plain ones: limits of dates, lists on one screen, datatypes of authors (spec/area4 §2.5, §5.5)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.language.core.sessions import Session
from tests.language.screen.playing import Play

Open = Callable[[str], Play]


def test_limits_and_defaults_of_dates_reach_the_input_in_its_own_manner(play: Open) -> None:
    p = play("""
mandatory: True
question: Born?
fields:
  - Birthday: birthdate
    datatype: date
    max: ${ as_datetime('2026-05-05') }
    default: March 1, 1990
""")
    field = p.field("birthdate")
    assert (field.maximum, field.default) == ("2026-05-05", "1990-03-01")
    assert field.validation_messages["maxdate"] == "You need to enter a date on or before May 5, 2026."


def test_a_default_that_is_no_date_leaves_the_input_empty(play: Open) -> None:
    p = play("""
mandatory: True
question: Born?
fields:
  - Birthday: birthdate
    datatype: date
    default: some day
""")
    assert p.field("birthdate").default == ""


def test_choices_of_objects_can_be_made_by_code(play: Open) -> None:
    p = play("""
objects:
  - friend: DAList.using(object_type=DAObject)
---
question: Who is best?
fields:
  - Best: best
    datatype: object
    code: selections(friend, exclude=friend[1], default=friend[2])
---
mandatory: True
code: |
  for name in ('Ann', 'Bob', 'Cy'):
    friend.appendObject(name=name)
  friend.gathered = True
---
mandatory: True
question: ${ best is friend[2] } ${ best.name }
""")
    assert [choice.label_text for choice in p.field("best").choices] == ["Ann", "Cy"]
    p.post(best=p.field("best").choices[1].key)
    assert p.screen.question_text == "True Cy"


def _opened(folder: Path) -> Session:
    session = Session(folder, _CODES, {"codes.py": _MODULE})
    session.open()
    return session


_MODULE = """
from docassemble.base.util import CustomDataType, DAValidationError

class Code(CustomDataType):
    name = "code"
    input_class = "code-input"
    container_class = "code-box"
    parameters = ["shape"]
    code_parameters = ["length"]
    javascript = "window.codes = true;"

    @classmethod
    def validate(cls, item):
        if len(item) != 3:
            raise DAValidationError("Three letters.")
        return True

    @classmethod
    def transform(cls, item):
        return item.upper()

    @classmethod
    def default_for(cls, item):
        return item.lower()

    @classmethod
    def empty(cls):
        return "none"
"""
_CODES = """
modules:
  - .codes
---
question: Code?
fields:
  - Code: the_code
    datatype: code
    shape: ${ not Mako }
    length: 1 + 2
    required: False
---
mandatory: True
question: It is ${ the_code }.
"""


def test_an_authors_datatype_says_how_its_input_looks(tmp_path: Path) -> None:
    s = _opened(tmp_path)
    (field,) = s.screen.fields
    assert (field.input_type, field.input_class, field.css_class) == ("text", "code-input", "code-box")
    assert field.parameters == {"shape": "${ not Mako }", "length": 3}
    assert "window.codes = true;" in s.screen.script


def test_an_authors_datatype_refuses_and_transforms_what_was_typed(tmp_path: Path) -> None:
    s = _opened(tmp_path)
    assert s.answer(the_code="ab") == "Code?"
    assert s.screen.fields[0].error_text == "Three letters."
    assert s.answer(the_code="abc") == "It is ABC."


def test_an_input_of_an_authors_datatype_left_empty_has_the_value_its_class_gives(tmp_path: Path) -> None:
    assert _opened(tmp_path).answer(the_code="") == "It is none."


_NAMED = """
from docassemble.base.util import CustomDataType, DAObject

class Spoken(CustomDataType):
    name = "spoken"
    jq_rule = ["isspoken", "isshort"]
    jq_message = {"isspoken": "Say it."}
    mako_parameters = ["tone"]
    include_variable_name = True
    is_object = True

    @classmethod
    def validate(cls, item, name, data):
        return item != data["tone"] and name == "animal.call"

    @classmethod
    def transform(cls, item, name):
        made = DAObject()
        made.inner = DAObject()
        made.words = f"{name}: {item}"
        return made
"""


def test_an_authors_datatype_makes_objects_and_has_rules_for_the_page(tmp_path: Path) -> None:
    s = Session(
        tmp_path,
        """
modules: .named
---
objects:
  - animal: DAObject
---
mandatory: True
code: |
  animal.call
  done
---
question: Which?
fields:
  - Call: animal.call
    datatype: spoken
    tone: ${ 'lou' + 'd' }
    validation messages:
      isshort: Shorter, please.
---
event: done
question: ${ animal.call.instanceName }, ${ animal.call.inner.instanceName }, ${ animal.call.words }
""",
        {"named.py": _NAMED},
    )
    s.open()
    (field,) = s.screen.fields
    assert field.rules == ("isspoken", "isshort")
    assert {rule: field.validation_messages[rule] for rule in field.rules} == {
        "isspoken": "Say it.",
        "isshort": "Shorter, please.",
    }
    assert s.fill({"animal.call": "loud"}) == "Which?"
    assert s.screen.fields[0].error_text == "Please enter a valid value."
    assert s.fill({"animal.call": "miau"}) == "animal.call, animal.call.inner, animal.call: miau"


@pytest.mark.parametrize(("skips", "said"), [("True", "It is none."), ("False", "It is nothing typed.")])
def test_an_empty_input_reaches_an_authors_datatype_only_when_it_asks_for_that(
    tmp_path: Path, skips: str, said: str
) -> None:
    module = f"""
from docassemble.base.util import CustomDataType

class Code(CustomDataType):
    name = "code"
    skip_if_empty = {skips}

    @classmethod
    def transform(cls, item):
        return item or "nothing typed"

    @classmethod
    def empty(cls):
        return "none"
"""
    plain = _CODES.replace("    shape: ${ not Mako }\n    length: 1 + 2\n", "")
    s = Session(tmp_path, plain, {"codes.py": module})
    s.open()
    assert s.answer(the_code="") == said
    assert s.back() == "Code?"
    assert s.answer(the_code="abc") == "It is abc."


def test_conditions_in_javascript_come_in_four_kinds_and_may_be_made_by_mako(play: Open) -> None:
    it = play(
        """
mandatory: True
code: |
  limit = 3
---
mandatory: True
question: |
  Which?
fields:
  - Age: age
  - Shown: shown
    js show if: val("age") > ${ limit }
  - Hidden: hidden
    js hide if: |
      val("age") > ${ limit }
  - Enabled: enabled
    js enable if: val("age") > 4
  - Disabled: disabled
    js disable if: val("age") > 4
"""
    )
    found = {field.variable: field.conditions for field in it.screen.fields}
    assert found["age"] == ()
    said = {
        name: [(one.javascript.strip(), one.sign, one.only_enables) for one in conditions]
        for name, conditions in found.items()
    }
    assert said["shown"] == [('val("age") > 3', True, False)]
    assert said["hidden"] == [('val("age") > 3', False, False)]
    assert said["enabled"] == [('val("age") > 4', True, True)]
    assert said["disabled"] == [('val("age") > 4', False, True)]


@pytest.mark.parametrize("datatype", ["datetime", "datetime-local"])
def test_a_moment_is_typed_in_one_input_and_kept_with_its_time_zone(play: Open, datatype: str) -> None:
    it = play(
        f"""
question: When?
fields:
  - Moment: moment
    datatype: {datatype}
    min: 2026-01-01 08:00
  - Other: other
    datatype: {datatype}
    required: False
---
mandatory: True
question: |
  ${{ moment.isoformat() }} ${{ moment }} ${{ moment.format_time('HH:mm') }} [${{ other }}]
continue button field: told
"""
    )
    field = it.field("moment")
    assert (field.datatype, field.input_type, field.minimum) == (datatype, "datetime-local", "2026-01-01T08:00")
    it.post(moment="when it suits", other="")
    assert it.field("moment").error_text == "You need to enter a valid date."
    it.post(moment="2026-07-04T10:30", other="")
    assert it.screen.question_text == "2026-07-04T10:30:00-04:00 July 4, 2026 10:30 []"
    it.back()
    assert it.field("moment").default == "2026-07-04T10:30"
