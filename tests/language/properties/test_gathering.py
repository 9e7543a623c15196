"""Lists are gathered to the same end whatever order things are asked, answered and corrected in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.interview.runtime.operations import ShowScreen
from tests.language.core.sessions import Session

PEOPLE = st.lists(st.tuples(st.sampled_from(["Ana", "Bo", "Cy", "Di"]), st.integers(0, 99)), max_size=5)
CHEAP = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

HEAD = """
objects:
  - people: DAList.using(object_type=Individual{options})
---
mandatory: True
code: |
  people.gather()
  spoken = comma_and_list(person.name.first for person in people)
---
mandatory: True
question: All ${{ len(people) }}
"""
QUESTIONS = [
    "question: Is there anybody?\nyesno: people.there_are_any\n",
    "question: Is there another?\nyesno: people.there_is_another\n",
    "question: How many?\nfields:\n  - Number: people.target_number\n    datatype: integer\n",
    "question: Who?\nfields:\n  - Name: people[i].name.first\n",
    "question: How old?\nfields:\n  - Age: people[i].age\n    datatype: integer\n",
    "generic object: Individual\nquestion: Who, in general?\nfields:\n  - Name: x.name.first\n",
    "event: change\ncode: |\n  force_ask(f\"people[{action_argument('place')}].age\")\n",
]
ORDERS = st.permutations(QUESTIONS)
WAYS = {
    "there is another": ", complete_attribute='age'",
    "a number": ", complete_attribute='age', ask_number=True",
    "a number known before": ", complete_attribute='age', ask_number=True, target_number={count}",
}

PREPARING = """\
  if not defined('is_prepared'):
    for place in range({count}):
      people.appendObject()
    is_prepared = True
"""


def gather(
    folder: Path,
    way: str,
    people: list[tuple[str, int]],
    questions: list[str],
    *,
    prepared: int = 0,
    asked: list[int | str] | None = None,
) -> Session:
    """Answer whatever is asked until the end is shown. `asked` is filled with what was: places of ages, other names.

    So many items are there, without anything in them, before the list is gathered.
    """
    text = HEAD.format(options=WAYS[way].format(count=len(people))) + "".join(f"---\n{one}" for one in questions)
    text = text.replace(
        "code: |\n  people.gather()",
        f"code: |\n{PREPARING.format(count=prepared) if prepared else ''}  people.gather()",
        1,
    )
    s = Session(folder, text)
    s.run(ShowScreen(is_first=True))
    for _ in range(40):
        assert s.screen.form is not None or s.screen.question_text.startswith("All"), s.screen.question_text
        if s.screen.question_text.startswith("All"):
            return s
        field = s.screen.form.fields[0]  # type: ignore[union-attr]
        name = field.variable.replace("x.", f"{s.screen.form.context.get('x', '')}.")  # type: ignore[union-attr]
        place = int(s.screen.form.context.get("i", "0")) if "i" in s.screen.form.context else 0  # type: ignore[union-attr]
        if name.startswith("people["):
            place = int(name[7:].partition("]")[0]) if "[i]" not in name else place
        last = name.rpartition(".")[2]
        if asked is not None:
            asked.append(place if last == "age" else last)
        match last:
            case "there_are_any":
                s.press("Yes" if people else "No")
            case "there_is_another":
                s.press("Yes" if len(s.answers["people"]["elements"]) < len(people) else "No")
            case "target_number":
                s.fill({field.variable: str(len(people))})
            case "first":
                s.fill({field.variable: people[place][0]})
            case "age":
                s.fill({field.variable: str(people[place][1])})
            case _:
                raise AssertionError(name)
    raise AssertionError(f"still asked: {s.screen.question_text}")


def gathered(s: Session) -> list[tuple[Any, Any]]:
    """Name and age of each, in order."""
    return [(person["name"]["first"], person["age"]) for person in s.answers["people"]["elements"]]


@CHEAP
@given(people=PEOPLE, way=st.sampled_from(sorted(WAYS)), questions=ORDERS)
def test_every_way_and_order_of_asking_ends_in_the_same_list(
    tmp_path_factory: pytest.TempPathFactory, people: list[tuple[str, int]], way: str, questions: list[str]
) -> None:
    s = gather(tmp_path_factory.mktemp("gather"), way, people, questions)
    assert gathered(s) == people
    assert s.screen.question_text == f"All {len(people)}"


@CHEAP
@given(people=PEOPLE.filter(bool), prepared=st.integers(1, 3), questions=ORDERS)
def test_items_are_asked_about_one_after_the_other_and_all_that_are_there_before_further_ones(
    tmp_path_factory: pytest.TempPathFactory, people: list[tuple[str, int]], prepared: int, questions: list[str]
) -> None:
    prepared, asked = min(prepared, len(people)), list[int | str]()
    way = "there is another"
    s = gather(tmp_path_factory.mktemp("gather"), way, people, questions, prepared=prepared, asked=asked)
    assert gathered(s) == people
    places = [one for one in asked if isinstance(one, int)]
    assert places == sorted(places)
    assert set(asked[: asked.index("there_is_another")]) >= set(range(prepared))


@CHEAP
@given(people=PEOPLE.filter(bool), changes=st.lists(st.integers(0, 4), max_size=4), questions=ORDERS)
def test_what_is_corrected_afterwards_changes_that_item_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, people: list[tuple[str, int]], changes: list[int], questions: list[str]
) -> None:
    s = gather(tmp_path_factory.mktemp("gather"), "there is another", people, questions)
    wanted = list(people)
    for number, place in enumerate(place % len(people) for place in changes):
        s.act("change", place=place)
        assert s.screen.form is not None
        s.fill({s.screen.form.fields[0].variable: str(200 + number)})
        wanted[place] = (wanted[place][0], 200 + number)
    assert gathered(s) == wanted
    assert s.screen.question_text == f"All {len(people)}"
