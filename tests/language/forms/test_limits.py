"""What the page checks, the server checks again: nothing is saved, and what was typed stays (spec/area4 §5.6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.language.screen.playing import Play

Player = Callable[[str], Play]

LIMITED = """
mandatory: True
question: You
fields:
  - Age: age
    datatype: integer
    min: 18
    max: 120
  - Rent: rent
    datatype: currency
    min: 0.5
    required: False
  - Mail: mail
    datatype: email
    required: False
  - Word: said
    minlength: 3
    maxlength: 5
    required: False
    validation messages:
      maxlength: Shorter than %s, please
  - Day: day
    datatype: date
    min: 2024-02-01
    max: ${ '2024-02-29' }
    required: False
---
mandatory: True
question: Thanks
"""
FINE = {"age": "20", "rent": "", "mail": "", "said": "", "day": ""}


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("age", "17", "You need to enter a number that is at least 18."),
        ("age", "1,000", "You need to enter a number that is no more than 120."),
        ("rent", "0.25", "You need to enter a number that is at least 0.5."),
        ("mail", "ann@home", "You need to enter a complete e-mail address."),
        ("mail", "ann", "You need to enter a complete e-mail address."),
        ("said", "ab", "You must type at least 3 characters."),
        ("said", "abcdef", "Shorter than 5, please"),
        ("day", "2024-01-31", "You need to enter a date on or after February 1, 2024."),
        ("day", "2024-03-01", "You need to enter a date on or before February 29, 2024."),
    ],
)
def test_a_value_beyond_its_limits_is_refused_beside_its_field(
    play: Player, variable: str, text: str, message: str
) -> None:
    session = play(LIMITED)
    session.fill({**FINE, variable: text})
    assert session.screen.question_text == "You"
    assert {field.variable: field.error_text for field in session.screen.fields if field.error_text} == {
        variable: message
    }
    assert session.field(variable).default == text
    assert session.field("age").default == (text if variable == "age" else "20")
    assert "age" not in session.answers
    session.fill(FINE)
    assert session.screen.question_text == "Thanks"


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("age", "18"),
        ("age", "120"),
        ("rent", "0.5"),
        ("mail", "ann.o'neil+x@mail.home.example"),
        ("said", " abc "),
        ("said", "ab\r\ncd"),
        ("day", "2024-02-01"),
        ("day", "2024-02-29"),
    ],
)
def test_a_value_at_its_limits_is_taken(play: Player, variable: str, text: str) -> None:
    session = play(LIMITED)
    session.fill({**FINE, variable: text})
    assert session.screen.question_text == "Thanks"


def test_what_is_not_on_the_screen_has_no_limits(play: Player) -> None:
    session = play("""
mandatory: True
question: You
fields:
  - Do you pay?: pays
    datatype: yesno
  - Rent: rent
    datatype: currency
    min: 1
    show if: pays
---
mandatory: True
question: Thanks
""")
    session.fill({"pays": "False"})
    assert session.screen.question_text == "Thanks"
    assert "rent" not in session.answers
