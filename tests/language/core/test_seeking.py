"""A missing name is sought among the blocks that can define it (spec/area4 §4.3, §4.4, §12)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.language.core.sessions import Session

Open = Callable[..., Session]


def test_a_missing_variable_is_asked_for_where_it_is_needed(session: Open) -> None:
    s = session("""
question: Hello ${ name }
mandatory: True
---
question: Who are you?
fields:
  - Name: name
""")
    assert s.open() == "Who are you?"
    assert s.answer(name="Ann") == "Hello Ann"


def test_a_later_block_goes_before_an_earlier_one(session: Open) -> None:
    s = session("""
mandatory: True
question: ${ color }
---
code: color = 'red'
---
code: color = 'blue'
""")
    assert s.open() == "blue"


def test_a_block_that_supersedes_another_goes_before_it(session: Open) -> None:
    s = session("""
mandatory: True
question: ${ color }
---
id: first
supersedes: second
code: color = 'red'
---
id: second
code: color = 'blue'
""")
    assert s.open() == "red"


def test_an_order_block_raises_ids(session: Open) -> None:
    s = session("""
order:
  - a
  - b
---
mandatory: True
question: ${ color }
---
id: a
code: color = 'red'
---
id: b
code: color = 'blue'
""")
    assert s.open() == "red"


def test_code_that_does_not_define_the_name_gives_way_to_the_next_block(session: Open) -> None:
    s = session("""
mandatory: True
question: ${ color } ${ tried }
---
code: color = 'red'
---
code: |
  tried = True
  if False:
    color = 'blue'
""")
    assert s.open() == "red True"


def test_conditions_decide_which_block_answers(session: Open) -> None:
    s = session("""
mandatory: True
question: ${ greeting }
---
code: formal = True
---
code: greeting = 'Good day'
---
if: not formal
code: greeting = 'Hi'
""")
    assert s.open() == "Good day"


def test_an_index_is_tried_as_i_and_its_value_is_at_hand(session: Open) -> None:
    s = session("""
objects:
  - fruit: DAList.using(there_are_any=True, there_is_another=False)
---
mandatory: True
question: ${ fruit }
---
question: Which is the ${ ordinal(i) } fruit?
fields:
  - Fruit: fruit[i]
""")
    assert s.open() == "Which is the first fruit?"
    assert s.fill({"fruit[i]": "apple"}) == "apple"


def test_a_generic_block_answers_for_every_object_of_its_class(session: Open) -> None:
    s = session("""
objects:
  - user: Individual
  - friend: Individual
---
mandatory: True
question: ${ user.color } and ${ friend.color }
---
generic object: Individual
question: Which color does ${ x.instanceName } like?
fields:
  - Color: x.color
---
question: And you?
fields:
  - Color: user.color
""")
    assert s.open() == "And you?"
    assert s.fill({"user.color": "red"}) == "Which color does friend like?"
    assert s.fill({"x.color": "blue"}) == "red and blue"


def test_a_block_for_a_base_class_counts_too(session: Open) -> None:
    s = session("""
objects:
  - user: Individual
---
mandatory: True
question: ${ user.weight }
---
generic object: DAObject
code: x.weight = 7
""")
    assert s.open() == "7"


def test_a_block_of_the_current_language_goes_before_others(session: Open) -> None:
    s = session("""
initial: True
code: set_language('es')
---
mandatory: True
question: ${ greeting }
---
language: es
code: greeting = 'Hola'
---
code: greeting = 'Hello'
""")
    assert s.open() == "Hola"


def test_names_of_an_untaken_branch_are_not_sought(session: Open) -> None:
    s = session("""
mandatory: True
question: |
  % if False:
  ${ never }
  % endif
  Fine
""")
    assert s.open() == "Fine"


def test_names_missing_inside_functions_and_comprehensions_are_sought(session: Open) -> None:
    s = session("""
mandatory: True
code: |
  def double():
    return [factor * number for number in (1, 2)]
  result = double()
---
code: factor = 3
---
mandatory: True
question: ${ result }
""")
    assert s.open() == "[3, 6]"


def test_except_name_error_sees_a_missing_name(session: Open) -> None:
    s = session("""
mandatory: True
code: |
  try:
    missing_one
  except NameError as error:
    seen = error.name
---
mandatory: True
question: ${ seen }
""")
    assert s.open() == "missing_one"


def test_an_interrupted_block_starts_again_from_its_first_line(session: Open) -> None:
    s = session("""
initial: True
code: |
  if not defined('count'):
    count = 0
---
mandatory: True
code: |
  count = count + 1
  color
---
question: Which color?
fields:
  - Color: color
---
mandatory: True
question: ${ count }
""")
    assert s.open() == "Which color?"
    assert s.answer(color="red") == "2"


def test_the_old_value_comes_back_when_code_is_interrupted(session: Open) -> None:
    s = session("""
mandatory: True
code: total = 1
---
mandatory: True
question: Total ${ total }
---
event: anew
code: force_ask('total')
---
code: total = addend + 1
---
question: How much?
fields:
  - Addend: addend
    datatype: integer
""")
    s.open()
    assert s.asked(s.act("anew")) == "How much?"
    assert s.answers["total"] == 1


def test_a_circle_of_definitions_is_told_with_its_chain(session: Open) -> None:
    s = session("""
mandatory: True
question: ${ a }
---
code: a = b
---
code: b = a
""")
    with pytest.raises(AssertionError):
        s.open()
    assert s.failure.failure.error_type == "AlreadySought"
    assert set(s.failure.failure.variables) == {"a", "b"}
    assert "a → b → a" in s.failure.failure.error_message


def test_a_name_nothing_defines_is_an_error_that_names_it(session: Open) -> None:
    s = session("""
mandatory: True
question: Hello
subquestion: ${ nobody_knows }
""")
    with pytest.raises(AssertionError, match="nobody_knows"):
        s.open()
    assert s.failure.failure.variables[0] == "nobody_knows"
    assert s.failure.file == s.reference


def test_a_name_missing_in_a_python_module_is_an_error_of_the_module(session: Open) -> None:
    s = session(
        """
modules:
  - .helpers_of_test
---
mandatory: True
question: ${ broken() }
---
code: forgotten = 1
""",
        **{"helpers_of_test.py": "def broken():\n    return forgotten\n"},
    )
    with pytest.raises(AssertionError, match="forgotten"):
        s.open()
    assert s.failure.failure.error_type == "NameError"


def test_modules_of_the_package_bring_their_names(session: Open) -> None:
    s = session(
        """
modules:
  - .sums_of_test
---
mandatory: True
question: ${ plus_one(41) }
""",
        **{"sums_of_test.py": "def plus_one(number):\n    return number + 1\n"},
    )
    assert s.open() == "42"
    assert "plus_one" not in s.answers


def test_a_mandatory_question_is_done_once_its_form_was_posted(session: Open) -> None:
    s = session("""
mandatory: True
question: Welcome
continue button field: seen
---
mandatory: True
question: The end
""")
    assert s.open() == "Welcome"
    assert s.open() == "Welcome"
    assert s.answer() == "The end"


def test_an_interview_without_a_final_screen_says_so(session: Open) -> None:
    s = session("""
mandatory: True
code: done = True
""")
    with pytest.raises(AssertionError, match="final question"):
        s.open()


def test_code_that_never_settles_meets_the_loop_limit(session: Open) -> None:
    s = session("""
features:
  loop limit: 20
---
mandatory: True
code: |
  a
  del b
  b
---
code: a = 1
---
code: b = 1
---
mandatory: True
question: Never
""")
    with pytest.raises(AssertionError, match="loop limit"):
        s.open()
