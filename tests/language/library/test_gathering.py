"""Collections that interviews gather by asking, played through the engine's door."""

from __future__ import annotations

from collections.abc import Callable

from tests.language.screen.playing import Play

Open = Callable[[str], Play]

PEOPLE = """
objects:
  - people: DAList.using(object_type=Individual)
---
mandatory: True
question: |
  There are ${ people.number_as_word() } ${ people.as_noun('person') }: ${ people }.
---
question: Are there any people?
yesno: people.there_are_any
---
question: Is there another besides ${ people }?
yesno: people.there_is_another
---
question: Who is the ${ ordinal(i) } person?
fields:
  - First name: people[i].name.first
  - Last name: people[i].name.last
"""


def test_objects_are_gathered_until_there_is_not_another(play: Open) -> None:
    it = play(PEOPLE)
    assert it.screen.question_text == "Are there any people?"
    it.press("Yes")
    assert it.screen.question_text == "Who is the first person?"
    it.fill({"people[i].name.first": "Ann", "people[i].name.last": "Lee"})
    assert it.screen.question_text == "Is there another besides Ann Lee?"
    it.press("Yes")
    assert it.screen.question_text == "Who is the second person?"
    it.fill({"people[i].name.first": "Bob", "people[i].name.last": "Ray"})
    assert it.screen.question_text == "Is there another besides Ann Lee and Bob Ray?"
    it.press("No")
    assert it.screen.question_text == "There are two people: Ann Lee and Bob Ray."


def test_nobody_is_no_one(play: Open) -> None:
    it = play(PEOPLE)
    it.press("No")
    assert it.screen.question_text == "There are zero people: ."


def test_plain_items_are_gathered_by_number(play: Open) -> None:
    it = play(
        """
objects:
  - fruit: DAList.using(ask_number=True)
---
mandatory: True
question: |
  ${ comma_and_list(fruit) }
---
question: How many?
fields:
  - Number: fruit.target_number
    datatype: integer
---
question: Name the ${ ordinal(i) } fruit.
fields:
  - Fruit: fruit[i]
"""
    )
    it.fill({"fruit.target_number": "2"})
    assert it.screen.question_text == "Name the first fruit."
    it.fill({"fruit[i]": "apple"})
    assert it.screen.question_text == "Name the second fruit."
    it.fill({"fruit[i]": "pear"})
    assert it.screen.question_text == "apple and pear"


def test_a_complete_attribute_decides_what_is_asked(play: Open) -> None:
    it = play(
        """
objects:
  - pets: DAList.using(object_type=Thing, complete_attribute='complete', there_are_any=True)
---
code: |
  pets[i].name.text
  pets[i].legs
  pets[i].complete = True
---
mandatory: True
question: |
  % for pet in pets:
  ${ pet } has ${ nice_number(pet.legs) } legs.
  % endfor
---
question: What is the ${ ordinal(i) } pet called?
fields:
  - Name: pets[i].name.text
---
question: How many legs has ${ pets[i] }?
fields:
  - Legs: pets[i].legs
    datatype: integer
---
question: Any more?
yesno: pets.there_is_another
"""
    )
    it.fill({"pets[i].name.text": "Rex"})
    assert it.screen.question_text == "How many legs has Rex?"
    it.fill({"pets[i].legs": "4"})
    it.press("No")
    assert it.screen.question_text == "Rex has four legs."


def test_a_list_inside_each_object_of_a_list(play: Open) -> None:
    it = play(
        """
objects:
  - people: DAList.using(object_type=Individual, minimum_number=1, there_is_another=False)
  - people[i].pets: DAList.using(there_are_any=True, there_is_another=False)
---
mandatory: True
question: |
  ${ people[0].possessive('pets') }: ${ people[0].pets }
---
question: Name?
fields:
  - First name: people[i].name.first
---
question: What is the ${ ordinal(j) } pet of ${ people[i] }?
fields:
  - Pet: people[i].pets[j]
"""
    )
    it.fill({"people[i].name.first": "Ann"})
    assert it.screen.question_text == "What is the first pet of Ann?"
    it.fill({"people[i].pets[j]": "cat"})
    assert it.screen.question_text == "Ann’s pets: cat"


def test_entries_of_a_dictionary_are_asked_by_key(play: Open) -> None:
    it = play(
        """
objects:
  - seeds: DADict
---
mandatory: True
question: |
  % for fruit in seeds:
  ${ fruit }: ${ seeds[fruit] }.
  % endfor
---
code: |
  seeds.there_are_any = True
---
question: Which fruit?
fields:
  - Fruit: seeds.new_item_name
---
question: How many seeds does ${ i } have?
fields:
  - Seeds: seeds[i]
    datatype: integer
---
question: Another besides ${ seeds }?
yesno: seeds.there_is_another
"""
    )
    for fruit, number in (("pear", "8"), ("apple", "5")):
        assert it.screen.question_text == "Which fruit?"
        it.fill({"seeds.new_item_name": fruit})
        assert it.screen.question_text == f"How many seeds does {fruit} have?"
        it.fill({"seeds[i]": number})
        assert it.screen.question_text.startswith("Another besides")
        it.press("Yes" if fruit == "pear" else "No")
    assert it.screen.question_text.split() == ["apple:", "5.", "pear:", "8."]


def test_objects_of_a_dictionary_are_made_under_their_keys(play: Open) -> None:
    it = play(
        """
objects:
  - staff: DADict.using(object_type=Individual, there_are_any=True)
---
mandatory: True
question: |
  The judge is ${ staff['judge'] } of ${ staff.number() }.
---
question: Which office?
fields:
  - Office: staff.new_item_name
---
question: Who is the ${ i }?
fields:
  - First name: staff[i].name.first
---
question: Another office?
yesno: staff.there_is_another
"""
    )
    assert it.screen.question_text == "Who is the judge?"
    it.fill({"staff[i].name.first": "Ann"})
    assert it.screen.question_text == "Another office?"
    it.press("No")
    assert it.screen.question_text == "The judge is Ann of 1."


def test_items_of_a_set_are_asked_one_by_one(play: Open) -> None:
    it = play(
        """
objects:
  - colors: DASet.using(there_are_any=True)
---
mandatory: True
question: |
  ${ colors }
---
question: Which color?
fields:
  - Color: colors.new_item
---
question: Another besides ${ colors }?
yesno: colors.there_is_another
"""
    )
    it.fill({"colors.new_item": "red"})
    assert it.screen.question_text == "Another besides red?"
    it.press("Yes")
    it.fill({"colors.new_item": "blue"})
    it.press("No")
    assert it.screen.question_text == "blue and red"


def test_an_alias_asks_for_the_real_name(play: Open) -> None:
    it = play(
        """
objects:
  - client: Individual
---
mandatory: True
code: |
  trustee = client
  done = trustee.name.first
  final_screen
---
generic object: Individual
question: What is the first name of ${ x.object_name() }?
fields:
  - First name: x.name.first
---
event: final_screen
question: |
  ${ trustee is client } ${ trustee }
"""
    )
    assert it.screen.question_text == "What is the first name of client?"
    it.fill({"x.name.first": "Ann"})
    assert it.screen.question_text == "True Ann"


def test_amounts_are_named_and_summed(play: Open) -> None:
    it = play(
        """
objects:
  - estate: Thing.using(name='estate of Ann')
  - estate.asset: Asset
---
mandatory: True
question: |
  The ${ estate } is worth ${ currency(estate.asset.total()) }.
---
question: Any assets?
yesno: estate.asset.there_are_any
---
question: What kind?
fields:
  - Kind: estate.asset.new_item_name
---
question: What is the value of the ${ i }?
fields:
  - Value: estate.asset[i].value
    datatype: currency
---
question: Another?
yesno: estate.asset.there_is_another
"""
    )
    it.press("Yes")
    for kind, value in (("fish", "400"), ("boat", "10")):
        it.fill({"estate.asset.new_item_name": kind})
        assert it.screen.question_text == f"What is the value of the {kind}?"
        it.fill({"estate.asset[i].value": value})
        it.press("Yes" if kind == "fish" else "No")
    assert it.screen.question_text == "The estate of Ann is worth $410.00."
