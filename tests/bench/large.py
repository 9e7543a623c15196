"""A large interview of our own making, as text: questions, code, templates and lists that depend on each other."""

from __future__ import annotations

REFERENCE = "bench_large:data/questions/large.yml"
GROUP = 6
"""Blocks that are made together: they need each other's variables."""

_HEAD = """\
metadata:
  title: A large interview
---
features:
  progress bar: True
  navigation: True
---
sections:
  - start: The beginning
  - middle: The middle
  - end: The end
---
objects:
  - user: Individual
  - household: DAList.using(object_type=Individual, complete_attribute='age')
---
generic object: Individual
question: |
  What is the name of ${ x.object_possessive('friend') if False else 'this person' }?
fields:
  - First name: x.name.first
  - Last name: x.name.last
    required: False
"""

_PART = """\
---
id: facts {n}
question: |
  Facts of part ${{ {n} }}
subquestion: |
  % if {n} > 1 and defined('total_{before}'):
  So far it is **${{ currency(total_{before}) }}**.
  % endif

  Please think about [part {n}](https://example.org/{n}).
section: middle
fields:
  - What is it called?: name_{n}
    maxlength: 80
  - How much?: amount_{n}
    datatype: currency
    min: 0
  - When?: date_{n}
    datatype: date
    required: False
  - Which way?: way_{n}
    choices:
      - By land: land
      - By sea: sea
      - By air: air
    help: |
      There is more than one.
---
question: |
  Is ${{ name_{n} }} yours?
yesno: is_own_{n}
help: |
  It is yours when ${{ name_{n} }} was given to you.
---
code: |
  if is_own_{n}:
    share_{n} = amount_{n} * 0.75
  else:
    share_{n} = amount_{n}
---
code: |
  total_{n} = share_{n} + ({previous})
---
template: summary_{n}
subject: Part {n}
content: |
  % if is_own_{n}:
  ${{ name_{n} }} is yours and counts ${{ currency(share_{n}) }}.
  % else:
  ${{ name_{n} }} counts in full.
  % endif
---
question: |
  Anything else about ${{ name_{n} }}?
fields:
  - Remarks: remarks_{n}
    input type: area
    required: False
  - Tell me more: more_{n}
    datatype: yesnoradio
    default: False
  - What more?: detail_{n}
    show if:
      variable: more_{n}
      is: True
validation code: |
  if remarks_{n} == 'wrong':
    validation_error("This is wrong.", field='remarks_{n}')
"""

_TAIL = """\
---
mandatory: True
code: |
  user.name.first
{order}
  total_{last}
---
mandatory: True
question: |
  Thank you, ${{ user }}
subquestion: |
  It is ${{ currency(total_{last}) }} in all.

  ${{ summary_1 }}

  ${{ summary_{last} }}
section: end
buttons:
  - Restart: restart
"""

_HOUSEHOLD = """\
objects:
  - household: DAList.using(object_type=Individual, there_are_any=True)
---
question: |
  Who is the ${ ordinal(i) } person?
fields:
  - First name: household[i].name.first
  - Age: household[i].age
    datatype: integer
---
question: Is there another one?
yesno: household.there_is_another
---
event: fill
code: |
  while len(household.elements) < 200:
    household.appendObject()
  for n, person in enumerate(household.elements):
    person.name.first = f"Person {n}"
    person.age = n
  household.there_is_another = False
---
table: people_table
rows: household
columns:
  - Name: row_item.name.first
  - Age: row_item.age
---
mandatory: True
code: |
  household.gather()
---
mandatory: True
question: |
  ${ household.number_as_word().capitalize() } people
subquestion: |
  The oldest is ${ max(person.age for person in household) }. They are ${ comma_and_list(household) }.

  ${ people_table }
"""


def large_interview(blocks: int = 300) -> str:
    """An interview of so many blocks, give or take a few."""
    parts = max(1, (blocks - 7) // GROUP)
    text = [_HEAD]
    for n in range(1, parts + 1):
        previous = f"total_{n - 1}" if n > 1 else "0"
        text.append(_PART.format(n=n, before=max(n - 1, 1), previous=previous))
    order = "\n".join(f"  total_{n}\n  remarks_{n}" for n in range(1, parts + 1))
    text.append(_TAIL.format(order=order, last=parts))
    return "".join(text)


def answers_of(blocks: int = 300) -> dict[str, object]:
    """What its questions are answered with, by variable; dates and code are left to the interview."""
    found: dict[str, object] = {"user.name.first": "Ana", "user.name.last": "Bo"}
    for n in range(1, max(1, (blocks - 7) // GROUP) + 1):
        found |= {
            f"name_{n}": f"Thing {n}",
            f"amount_{n}": 12.5 + n,
            f"date_{n}": "",
            f"way_{n}": "land",
            f"is_own_{n}": n % 2 == 0,
            f"remarks_{n}": "",
            f"more_{n}": False,
        }
    return found


def household() -> str:
    """An interview about a list of people; its action `fill` makes 200 of them."""
    return _HOUSEHOLD
