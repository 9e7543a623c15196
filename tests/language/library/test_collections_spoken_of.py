"""Collections as texts, numbers, copies and tables, played through the engine (spec/area4 §2.11, §6.2, §6.3)."""

from __future__ import annotations

from collections.abc import Callable

from tests.language.screen.playing import Play

Open = Callable[[str], Play]


def test_repr_of_a_collection_is_that_of_its_elements(play: Open) -> None:
    p = play("""
question: Which?
fields:
  - Fruit: fruit
    datatype: checkboxes
    choices: [apple, pear]
---
mandatory: True
question: ${ repr(fruit) }
""")
    p.tick("fruit", "apple")
    assert p.screen.question_text == "{‘apple’: True, ‘pear’: False}"


def test_number_is_the_number_asked_for_while_a_list_is_gathered(play: Open) -> None:
    p = play("""
objects:
  - people: DAList.using(object_type=Individual, ask_number=True)
---
question: How many?
fields:
  - Number: people.target_number
    datatype: integer
---
sets:
  - people[i].name.first
question: Names
fields:
  code: |
    [{"label": str(n), "field": f"people[{n}].name.first"} for n in range(people.number())]
---
mandatory: True
question: ${ people } are ${ people.number() }
""")
    p.post(people__target_number="2")
    assert [field.variable for field in p.screen.fields] == ["people[0].name.first", "people[1].name.first"]
    p.fill({"people[0].name.first": "Ann", "people[1].name.first": "Bob"})
    assert p.screen.question_text == "Ann and Bob are 2"


def test_a_deep_copy_is_named_after_its_new_place_whatever_it_was_called(play: Open) -> None:
    p = play("""
objects:
  - all_fruit: DAList.using(object_type=Thing)
---
mandatory: True
code: |
  all_fruit.appendObject()
  all_fruit[0].name.text = 'apple'
  chosen = DAList('chosen', elements=[all_fruit[0]])
  own = chosen.copy_deep('own')
---
mandatory: True
question: ${ own[0].instanceName } ${ own[0].name.instanceName } ${ all_fruit[0].name.instanceName }
""")
    assert p.screen.question_text == "own[0] own[0].name all_fruit[0].name"


_TABLE = """
objects:
  - fruit: DAList.using(object_type=Thing, there_are_any=True)
---
code: |
  fruit[i].fixed = {'edit': False, 'delete': i == 0}
---
question: Fruit?
fields:
  - Name: fruit[i].name.text
---
question: More?
yesno: fruit.there_is_another
---
table: fruit.table
rows: fruit
columns:
  - Name: row_item
  - Seeds: row_item.seeds if hasattr(row_item, 'seeds') else '-'
edit: [name.text]
read only: fixed
---
mandatory: True
question: Table
subquestion: ${ fruit.table }
"""


def test_the_attribute_for_read_only_is_asked_for_and_may_tell_editing_from_deleting(play: Open) -> None:
    p = play(_TABLE)
    p.fill({"fruit[i].name.text": "apple"})
    p.press("Yes")
    p.fill({"fruit[i].name.text": "pear"})
    p.press("No")
    assert p.screen.subquestion_html.count("Delete") == 1
    assert "Edit" not in p.screen.subquestion_html


def test_a_table_that_shows_what_is_incomplete_does_not_wait_for_it(play: Open) -> None:
    p = play("""
objects:
  - fruit: DAList.using(object_type=Thing, there_are_any=True)
---
question: Fruit?
fields:
  - Name: fruit[i].name.text
---
table: fruit.table
rows: fruit
columns:
  - Name: row_item
show incomplete: True
edit: [name.text]
---
event: overview
question: Overview
review:
  - note: ${ fruit.table }
---
mandatory: True
code: |
  fruit.table
  fruit.gather()
""")
    p.act("overview")
    assert "n/a" in p.screen.review[0].html
    assert "Edit" in p.screen.review[0].html
