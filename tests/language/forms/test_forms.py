"""Posting forms through the engine: what is saved, what is refused, what is asked again (spec/area4 §5)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.interview.runtime.outcomes import ScreenReady
from tests.language.screen.playing import Play

Player = Callable[[str], Play]

TWO_FIELDS = """
mandatory: True
question: ${ name } is ${ age }
---
question: You
fields:
  - Name: name
  - Age: age
    datatype: integer
validation code: |
  if age > 150:
    validation_error("Nobody is that old", field="age")
  if name == "Nobody":
    validation_error("Nobody cannot answer")
"""


@pytest.mark.parametrize(
    ("name", "age", "beside_age", "above"),
    [
        ("Ann", "many", "You need to enter a valid number.", ""),
        ("Ann", "151", "Nobody is that old", ""),
        ("Nobody", "5", "", "<p>Nobody cannot answer</p>"),
    ],
)
def test_a_refused_form_comes_again_with_what_was_typed(
    play: Player, name: str, age: str, beside_age: str, above: str
) -> None:
    session = play(TWO_FIELDS)
    session.post(name=name, age=age)
    assert isinstance(session.result.outcome, ScreenReady)
    assert session.result.outcome.is_invalid
    assert session.screen.question_text == "You"
    assert (session.field("name").default, session.field("age").default) == (name, age)
    assert session.field("age").error_text == beside_age
    assert session.screen.error_html == above
    assert "name" not in session.answers
    session.post(name="Ann", age="5")
    assert session.screen.question_text == "Ann is 5"


def test_boxes_ask_for_nothing_more(play: Player) -> None:
    session = play(
        """
mandatory: True
question: ${ comma_and_list(fruit.true_values()) }
---
question: Fruit
fields:
  - Fruit: fruit
    datatype: checkboxes
    choices: [apple, pear, plum]
"""
    )
    session.tick("fruit", "apple", "plum")
    assert session.screen.question_text == "apple and plum"


def test_a_chosen_object_is_the_object(play: Player) -> None:
    session = play(
        """
objects:
  - ann: Individual
  - bob: Individual
---
mandatory: True
code: |
  ann.name.first = 'Ann'
  bob.name.first = 'Bob'
  names_set = True
---
mandatory: True
question: ${ chosen.name.first } ${ chosen is bob }
---
question: Who?
fields:
  - Who: chosen
    datatype: object
    choices:
      - ann
      - bob
"""
    )
    session.choose("chosen", "Bob")
    assert session.screen.question_text == "Bob True"


def test_changing_an_answer_asks_again_what_depends_on_it(play: Player) -> None:
    session = play(
        """
mandatory: True
code: |
  country
  city
  final
---
question: Country
fields:
  - Country: country
---
depends on: country
question: City of ${ country }
fields:
  - City: city
---
event: final
question: ${ city }, ${ country }
"""
    )
    session.post(country="France")
    session.post(city="Paris")
    assert session.screen.question_text == "Paris, France"
    session.act("country")
    session.post(country="Texas")
    assert session.screen.question_text == "City of Texas"
    assert session.field("city").default == "Paris"
    session.post(city="Paris")
    assert session.screen.question_text == "Paris, Texas"


@pytest.mark.parametrize(("label", "command"), [("Again", "restart"), ("Out", "exit"), ("Away", "leave")])
def test_commands_are_carried_out_at_once(play: Player, label: str, command: str) -> None:
    session = play(
        """
mandatory: True
question: The end
buttons:
  - Again: restart
  - Out: exit
    url: https://example.com/
  - Away: leave
"""
    )
    session.press(label)
    assert session.command == command


def test_yes_no_continue_and_choices_in_one_interview(play: Player) -> None:
    session = play(
        """
mandatory: True
question: ${ sure } ${ greeted } ${ size }
---
question: Sure?
yesno: sure
---
question: Hello
continue button field: greeted
---
question: Size
field: size
buttons:
  - Small: 1
  - Large: 2
"""
    )
    session.press("No")
    session.post()
    session.press("Large")
    assert session.screen.question_text == "False True 2"


def test_a_hidden_field_stays_undefined(play: Player) -> None:
    session = play(
        """
mandatory: True
question: ${ likes } ${ defined('why') }
---
question: Q
fields:
  - Likes: likes
    datatype: yesnoradio
  - Why: why
    show if: likes
"""
    )
    session.post(likes="False")
    assert session.screen.question_text == "False False"


def test_none_of_the_above_is_an_answer_that_stays(play: Player) -> None:
    session = play(
        """
mandatory: True
question: ${ name }
---
question: You
fields:
  - Fruit: fruit
    datatype: checkboxes
    choices: [apple, pear]
  - Name: name
validation code: |
  if name == "Nobody":
    validation_error("Nobody cannot answer", field="name")
"""
    )
    assert session.field("fruit").default is None
    session.post(name="Nobody")
    assert session.field("fruit").default == []
    session.post(name="Ann")
    assert session.screen.question_text == "Ann"
    session.back()
    assert session.field("fruit").default == []
