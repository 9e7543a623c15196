"""`list collect`: several elements of a list on one screen, and more in reserve (spec/area4 §8.5)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.interview.runtime.operations import ShowScreen
from shared.interview.screen import list_spares
from tests.language.screen.playing import Play

Open = Callable[[str], Play]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many elements in reserve there are does not hang on how busy this machine is."""
    monkeypatch.setattr(list_spares, "monotonic", lambda: 0.0)


_COLLECTED = """
objects:
  - fruit: DAList.using(object_type=Thing, there_are_any=True)
---
question: Tell me about the fruit.
fields:
  - Name: fruit[i].name.text
list collect:
  is final: False
---
question: More?
yesno: fruit.there_is_another
---
mandatory: True
question: ${ fruit }
"""


def test_add_another_brings_the_collecting_screen_again_although_all_is_known(play: Open) -> None:
    p = play(_COLLECTED)
    (name,) = [field.input_name for field in p.shown]
    p.post_inputs({name: "apple", "_collect": "1"})
    assert [field.default for field in p.shown] == ["apple", None]
    p.fill({"fruit[0].name.text": "apple", "fruit[1].name.text": "pear"})
    assert p.screen.question_text == "More?"
    p.press("No")
    assert p.screen.question_text == "apple and pear"


def test_another_row_is_no_step_and_back_leads_to_the_screen_before_the_list(play: Open) -> None:
    p = play(
        f"{_COLLECTED}---\nquestion: Before\nfield: before\n".replace("question: Tell", "need: before\nquestion: Tell")
    )
    p.post_inputs({})
    steps = len(p.steps)
    for count in (1, 2):
        names = [field.input_name for field in p.shown]
        p.post_inputs({**dict.fromkeys(names, "apple"), "_collect": "add"})
        assert (len(p.shown), len(p.steps)) == (count + 1, steps)
    p.post_inputs({field.input_name: "pear" for field in p.shown})
    assert (p.screen.question_text, len(p.steps)) == ("More?", steps + 1)
    p.back()
    assert [field.default for field in p.shown] == ["pear", "pear", "pear"]
    p.back()
    assert p.screen.question_text == "Before"


def _of_name(p: Play, place: int) -> str:
    return next(field.input_name for field in p.screen.fields if field.list_index == place)


def test_elements_in_reserve_come_with_the_screen_and_count_once_they_are_revealed(play: Open) -> None:
    p = play(_COLLECTED)
    assert [len(p.shown), len(p.screen.fields)] == [1, 16]
    p.run(ShowScreen())
    assert [len(p.shown), len(p.screen.fields)] == [1, 16]
    p.post_inputs({_of_name(p, 0): "apple", _of_name(p, 5): "unseen", "_collect_revealed": "1", _of_name(p, 1): "pear"})
    p.press("No")
    assert p.screen.question_text == "apple and pear"


def test_a_revealed_element_can_be_deleted_before_it_is_filled_in(play: Open) -> None:
    p = play(_COLLECTED)
    texts = {_of_name(p, 0): "apple", _of_name(p, 2): "plum", "_collect_revealed": "2", "_collect_delete": "1"}
    p.post_inputs(texts)
    p.press("No")
    assert p.screen.question_text == "apple and plum"


def test_revealed_elements_stay_when_the_form_is_refused_or_one_more_is_asked_for(play: Open) -> None:
    p = play(_COLLECTED.replace("list collect:", "validation code: validation_error('No')\nlist collect:"))
    p.post_inputs({_of_name(p, 0): "apple", _of_name(p, 1): "pear", "_collect_revealed": "1"})
    assert [field.default for field in p.shown] == ["apple", "pear"]
    p = play(_COLLECTED)
    p.post_inputs({_of_name(p, 0): "apple", _of_name(p, 1): "pear", "_collect_revealed": "1", "_collect": "add"})
    assert [field.default for field in p.shown] == ["apple", "pear", None]


def test_elements_in_reserve_ask_for_nothing(play: Open) -> None:
    p = play(
        _COLLECTED.replace("fruit[i].name.text\n", "fruit[i].name.text\n    default: ${ usual[i] }\n")
        + "---\nquestion: Usual\nfields:\n  - Usual: usual[i]\n"
        + "---\nobjects:\n  - usual: DAList.using(auto_gather=False)\n"
    )
    assert p.screen.question_text == "Usual"
    p.post_inputs({p.screen.fields[0].input_name: "fig"})
    assert [field.default for field in p.screen.fields] == ["fig"]


def test_what_fields_of_a_collected_list_say_of_each_other_is_meant_within_their_element(play: Open) -> None:
    p = play("""
objects:
  - fruit: DAList.using(object_type=DAObject, there_are_any=True, minimum_number=2)
---
question: Tell me about the fruit.
fields:
  - Name: fruit[i].name
    disable others:
      - fruit[i].seeds
  - Seeds: fruit[i].seeds
    js show if: val("fruit[i].name") != 'fruit[i]' && list[i]
  - Sweet: fruit[i].is_sweet
    datatype: yesno
    uncheck others:
      - fruit[i].is_sour
  - Sour: fruit[i].is_sour
    datatype: yesno
    check others:
      - fruit[i].is_sweet
list collect: True
---
mandatory: True
question: ${ fruit[0].name }
""")
    second = {field.variable: field for field in p.screen.fields if field.list_index == 1}
    assert second["fruit[1].name"].disable_others == ("fruit[1].seeds",)
    assert second["fruit[1].is_sweet"].uncheck_others == ("fruit[1].is_sour",)
    assert second["fruit[1].is_sour"].check_others == ("fruit[1].is_sweet",)
    (condition,) = second["fruit[1].seeds"].conditions
    assert condition.javascript == """val("fruit[1].name") != 'fruit[1]' && list[i]"""


def test_a_gathered_list_that_is_edited_can_be_added_to(play: Open) -> None:
    p = play(_COLLECTED.replace("is final: False", "is final: True"))
    p.fill({"fruit[0].name.text": "apple"})
    assert p.screen.question_text == "apple"
    p.act("fruit[0].name.text")
    (name,) = [field.input_name for field in p.shown]
    p.post_inputs({name: "apple", "_collect": "1"})
    p.fill({"fruit[0].name.text": "apple", "fruit[1].name.text": "pear"})
    assert p.screen.question_text == "apple and pear"


@pytest.mark.parametrize(
    "said",
    [
        "    code: ran.append(1) or ['apple']\n",
        "    default:\n      code: ran.append(1) or True\n",
        "    show if:\n      code: ran.append(1) or True\n",
        "    required: ran.append(1) or True\n",
        "    validate: |\n      lambda given: ran.append(1) or True\n",
    ],
)
def test_code_of_a_field_does_not_run_for_elements_in_reserve(play: Open, said: str) -> None:
    p = play("code: ran = []\n---\n" + _COLLECTED.replace("fruit[i].name.text\n", f"fruit[i].name.text\n{said}"))
    assert len(p.screen.fields) == 1
    assert 1 <= len(p.answers["ran"]) <= 2
    p.post_inputs({_of_name(p, 0): "apple", "_collect": "add"})
    assert len(p.screen.fields) == 2


def test_code_that_makes_fields_does_not_run_for_elements_in_reserve(play: Open) -> None:
    more = "  - code: |\n      [{'Color': f'fruit[{i}].color'}]\n"
    p = play(_COLLECTED.replace("list collect:", f"{more}list collect:"))
    assert [field.is_spare for field in p.screen.fields] == [False, False]


def test_what_a_text_does_beyond_the_page_is_not_done_for_elements_in_reserve(play: Open) -> None:
    p = play(_COLLECTED.replace("- Name: f", "- Name ${ log('Look', 'info') }: f"))
    assert [text for _, text in p.screen.messages] == ["Look"]
    assert len(p.screen.fields) == 1


def test_elements_in_reserve_end_when_making_them_has_taken_long(play: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(1000))
    monkeypatch.setattr(list_spares, "monotonic", lambda: next(moments))
    p = play(_COLLECTED.replace("list collect:", "validation code: validation_error('No')\nlist collect:"))
    assert len(p.screen.fields) == 2
    monkeypatch.setattr(list_spares, "monotonic", lambda: 0)
    p.run(ShowScreen())
    assert len(p.screen.fields) == 16
    monkeypatch.setattr(list_spares, "monotonic", lambda: next(moments))
    p.post_inputs({_of_name(p, place): str(place) for place in range(4)} | {"_collect_revealed": "3"})
    assert [field.default for field in p.shown] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(("allows", "count"), [("True", 16), ("False", 1)])
def test_no_more_elements_are_believed_to_be_revealed_than_the_form_holds(play: Open, allows: str, count: int) -> None:
    refusing = "validation code: |\n  if fruit[0].name.text == 'no': validation_error('No')\nlist collect:"
    p = play(_COLLECTED.replace("list collect:", f"{refusing}\n  allow append: {allows}"))
    p.post_inputs({_of_name(p, 0): "no", "_collect_revealed": "999"})
    assert (p.screen.list_collect["count"], p.screen.list_collect["revealed"]) == (count, count - 1)  # type: ignore
    p.post_inputs({_of_name(p, 0): "apple", "_collect_revealed": "999", "_collect": "add"})
    assert p.screen.list_collect["count"] == count + 1  # type: ignore[index, call-overload]


def test_a_dictionary_has_no_elements_in_reserve(play: Open) -> None:
    p = play("""
objects:
  - fruit: DADict.using(object_type=Thing, auto_gather=False, gathered=True)
---
question: Tell me about the fruit.
fields:
  - Name: fruit[i].name.text
list collect: True
---
mandatory: True
code: fruit[0].name.text
""")
    assert [field.variable for field in p.screen.fields] == ["fruit[0].name.text"]
