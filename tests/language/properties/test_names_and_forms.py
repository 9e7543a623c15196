"""Names of inputs, and what a posted form may do: for any text whatever."""

from __future__ import annotations

import json
import math
import string
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shared.interview.compile.names import IllegalName, is_legal, normalised, parsed, substituted
from shared.interview.compile.templates import is_template
from shared.interview.evaluate.forms_posted import decoded
from shared.interview.runtime.operations import ShowScreen, SubmitForm
from shared.interview.runtime.outcomes import ScreenReady
from shared.interview.screen.markup import encoded
from shared.kernel.plain_text import strip_markup
from tests.language.core.sessions import Session

ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
TRICKY = st.sampled_from(
    [
        "${ 1/0 }", "<% raise Exception %>", "'); other = 'x", "__import__('os')", "other = 5", "None", "True",
        "[other]", "{{ other }}", "%s", "\\", "\\'", '"', "]", "._internal", "\x00", "\u202e", "x", "i", "a\r\nb",
        "<script>1</script>", "<", "&lt;b&gt;", "[FILE 1]", "# H", "-0", "1e400", "nan", "٣", "1_000", "0x10",
    ]
)  # fmt: skip
TEXT = ANY_TEXT | TRICKY
IDENTIFIERS = st.text(string.ascii_lowercase + "_", min_size=1, max_size=6).filter(
    lambda name: name.isidentifier() and is_legal(name)
)
STEPS = st.one_of(
    IDENTIFIERS.map(lambda name: f".{name}"),
    st.integers(-3, 300).map(lambda index: f"[{index}]"),
    st.text(st.characters(codec="utf-8", exclude_characters="\n\r(){}*^#"), max_size=8).map(lambda key: f"[{key!r}]"),
    st.sampled_from(["[i]", "[j]"]),
)
NAMES = st.builds(lambda base, steps: base + "".join(steps), IDENTIFIERS, st.lists(STEPS, max_size=4)).filter(is_legal)

OURS = st.sampled_from(["_internal", "_internal['answered']", "_internal.x", "x._internal"])

INTERVIEW = """
objects:
  - thing: DAObject
---
mandatory: True
code: |
  other = 'untouched'
  thing
---
mandatory: True
question: Everything
fields:
  - Text: text
    required: False
  - Area: thing.area
    input type: area
    required: False
  - Whole: whole
    datatype: integer
    required: False
  - Decimal: decimal
    datatype: number
    required: False
  - Day: day
    datatype: date
    required: False
  - Agreed: agreed
    datatype: yesno
  - Perhaps: perhaps
    datatype: yesnomaybe
    required: False
  - Way: way
    choices:
      - One: 1st
      - Two: 2nd
    required: False
---
mandatory: True
question: Done
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session at its form."""
    session = Session(tmp_path_factory.mktemp("properties"), INTERVIEW)
    session.run(ShowScreen(is_first=True))
    return session


def post(opened: Session, pairs: list[tuple[str, str]]) -> dict[str, object] | None:
    """Post inputs by variable (or by their own name) to a copy of the session; None when the form is refused."""
    assert opened.screen.form is not None
    form = opened.screen.form
    kept, screen = list(opened.steps), opened.screen
    inputs = {field.variable: field.input_name for field in form.fields}
    try:
        opened.run(SubmitForm(form=form, inputs=tuple((inputs.get(name, name), text) for name, text in pairs)))
        assert isinstance(opened.result.outcome, ScreenReady), opened.result.outcome
        return None if opened.result.outcome.is_invalid else opened.answers
    finally:
        opened.steps, opened.screen = kept, screen


# Names
@given(st.one_of(NAMES, ANY_TEXT))
def test_the_name_of_an_input_gives_its_variable_back(name: str) -> None:
    assert decoded(encoded(name)) == name
    assert "=" not in encoded(name)


@given(ANY_TEXT)
def test_what_is_no_name_of_an_input_is_empty_or_a_text_and_never_an_error(text: str) -> None:
    assert isinstance(decoded(text), str)


@given(NAMES)
def test_a_normal_name_stays_as_it_is_and_takes_itself_apart(name: str) -> None:
    once = normalised(name)
    assert normalised(once) == once
    base, steps = parsed(once)
    assert once == base + "".join(f".{text}" if kind == "attribute" else f"[{text}]" for kind, text, _ in steps)
    assert substituted(once, {}) == once


@given(NAMES.filter(lambda name: "[i]" in name), st.integers(0, 99))
def test_a_name_with_its_index_filled_in_has_no_index_left(name: str, index: int) -> None:
    assume(parsed(name)[0] not in {"i", "j"})  # an index stands for a number, which has no parts
    found = substituted(name, {"i": str(index), "j": "7"})
    assert all(text not in {"i", "j"} for kind, text, _ in parsed(found)[1] if kind == "item")


@given(st.one_of(TEXT, NAMES, NAMES.map(lambda name: f"{name}()"), st.text("ab.[]()'_x0 ", max_size=12), OURS))
def test_a_text_that_is_legal_as_a_name_calls_nothing(text: str) -> None:
    if not is_legal(text):
        return
    try:
        base, _ = parsed(text)
    except IllegalName:
        raise AssertionError(text) from None
    assert not base.startswith("__")
    assert base != "_internal"
    assert "(" not in text


# Forms
@settings(max_examples=60)
@given(text=TEXT, area=TEXT)
def test_text_is_saved_as_text_in_its_own_variable(opened: Session, text: str, area: str) -> None:
    saved = post(opened, [("text", text), ("thing.area", area)])
    assert saved is not None
    assert saved["text"] == strip_markup(text.replace("\r\n", "\n"))
    assert saved["thing"]["area"] == strip_markup(area.replace("\r\n", "\n"))  # type: ignore[index]
    assert saved["other"] == "untouched"


@settings(max_examples=60)
@given(name=st.one_of(TEXT, NAMES.map(encoded), st.just(encoded("other"))), text=TEXT)
def test_an_input_that_the_form_did_not_ask_for_changes_nothing(opened: Session, name: str, text: str) -> None:
    assert opened.screen.form is not None
    assume(name not in {field.input_name for field in opened.screen.form.fields})
    assume(name not in {field.variable for field in opened.screen.form.fields})
    without = post(opened, [("text", "a")])
    assert post(opened, [("text", "a"), (name, text)]) == without


@settings(max_examples=60)
@given(number=st.integers(-(10**12), 10**12))
def test_a_whole_number_is_read_with_and_without_commas(opened: Session, number: int) -> None:
    for text in (str(number), f"{number:,}", f" {number} "):
        saved = post(opened, [("whole", text)])
        assert saved is not None
        assert saved["whole"] == number


@settings(max_examples=60)
@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_a_decimal_number_is_read_as_it_is_written(opened: Session, number: float) -> None:
    saved = post(opened, [("decimal", repr(number))])
    assert saved is not None
    assert saved["decimal"] == number


@settings(max_examples=80)
@given(text=TEXT)
def test_a_number_is_finite_or_the_form_is_refused(opened: Session, text: str) -> None:
    for name in ("whole", "decimal"):
        saved = post(opened, [(name, text)])
        assert saved is None or math.isfinite(saved[name])  # type: ignore[arg-type]


@settings(max_examples=60)
@given(day=st.dates(date(1800, 1, 1), date(2200, 1, 1)))
def test_a_date_is_that_day(opened: Session, day: date) -> None:
    saved = post(opened, [("day", day.isoformat())])
    assert saved is not None
    assert day.isoformat() in json.dumps(saved["day"])


@settings(max_examples=80)
@given(text=TEXT)
def test_a_date_is_a_date_or_empty_or_the_form_is_refused(opened: Session, text: str) -> None:
    saved = post(opened, [("day", text)])
    assert saved is None or (saved["day"] == "") == (text.strip() == "")


@settings(max_examples=60)
@given(text=TEXT)
def test_a_box_is_true_false_or_nothing(opened: Session, text: str) -> None:
    saved = post(opened, [("agreed", text), ("perhaps", text)])
    assert saved is not None
    wanted = {"True": True, "False": False}.get(text)
    assert saved["agreed"] is wanted
    assert saved["perhaps"] is wanted


@settings(max_examples=60)
@given(texts=st.permutations([("text", "a"), ("whole", "1"), ("decimal", "2.5"), ("way", "2nd")]))
def test_the_order_of_inputs_does_not_matter(opened: Session, texts: list[tuple[str, str]]) -> None:
    saved = post(opened, list(texts))
    assert saved is not None
    assert (saved["text"], saved["whole"], saved["decimal"], saved["way"]) == ("a", 1, 2.5, "2nd")


KEYS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12).filter(
        lambda key: not is_template(key)
    ),
    min_size=1, max_size=5, unique=True,
)  # fmt: skip


@settings(max_examples=40)
@given(keys=KEYS, data=st.data())
def test_of_a_group_those_boxes_are_true_that_were_ticked(keys: list[str], data: st.DataObject) -> None:
    ticked = data.draw(st.lists(st.sampled_from(keys), unique=True))
    written = "\n".join(
        f"      - {json.dumps(f'Label {number}')}: {json.dumps(key, ensure_ascii=False)}"
        for number, key in enumerate(keys)
    )
    group = (
        f"fields:\n  - Group: group\n    datatype: checkboxes\n    none of the above: False\n    choices:\n{written}"
    )
    with TemporaryDirectory() as folder:
        s = Session(Path(folder), f"mandatory: True\nquestion: Group\n{group}\n---\nmandatory: True\nquestion: End\n")
        s.open()
        assert s.screen.form is not None
        (field,) = s.screen.form.fields
        posted = tuple((name, "True") for name, key in zip(field.keys, keys, strict=True) if key in ticked)
        assert s.asked(s.run(SubmitForm(form=s.screen.form, inputs=posted))) == "End"
        assert s.answers["group"]["elements"] == {key: key in ticked for key in keys}
