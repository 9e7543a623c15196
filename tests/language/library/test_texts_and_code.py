"""Templates, tables, modules and functions of the library, played through the engine's door."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.interview.runtime.effects import LaunchTask, LogLine
from shared.interview.runtime.packages import InterviewPackages
from tests.language.screen.playing import Play

Open = Callable[[str], Play]


def test_a_template_is_made_anew_in_each_request(play: Open) -> None:
    it = play(
        """
template: greeting
subject: |
  To ${ name }
content: |
  Dear ${ name },

  *welcome*.
---
mandatory: True
code: |
  greeting
  name = 'Ann'
  first_screen
  name = 'Bob'
  second_screen
---
question: ${ greeting.subject }
continue button field: first_screen
---
event: second_screen
question: ${ greeting.subject }
subquestion: |
  ${ greeting }
under: |
  ${ greeting.content_as_html() }
"""
    )
    assert it.screen.question_text == "To Ann"
    it.post_inputs({})
    assert it.screen.question_text == "To Bob"
    assert "<em>welcome</em>" in it.screen.subquestion_html
    assert "<em>welcome</em>" in it.screen.under_html


def test_a_template_with_a_fixed_text_becomes_html_as_a_lazy_one_does(play: Open) -> None:
    it = play(
        """
mandatory: True
code: |
  letter = DATemplate(subject='*Rent* [BR] due', content='You are **welcome**.')
  notice
---
event: notice
question: A letter
subquestion: |
  <div>${ letter.content_as_html() }</div>

  <b>${ letter.content_as_html(trim=True) }</b> <i>${ letter.subject_as_html(trim=True) }</i>
"""
    )
    html = it.screen.subquestion_html
    assert "<p>You are <strong>welcome</strong>.</p>" in html
    assert "<b>You are <strong>welcome</strong>.</b>" in html
    assert "<i><em>Rent</em> <br> due</i>" in html


def test_a_template_of_an_item_keeps_its_index(play: Open) -> None:
    it = play(
        """
objects:
  - people: DAList.using(object_type=Individual)
---
mandatory: True
code: |
  for first in ('Ann', 'Bob'):
    people.appendObject().name.first = first
  people.gathered = True
---
template: people[i].letter
content: |
  ${ ordinal(i) } ${ people[i] }
---
mandatory: True
question: |
  % for person in people:
  ${ person.letter };
  % endfor
"""
    )
    assert it.screen.question_text.split() == ["first", "Ann;", "second", "Bob;"]


def test_a_table_shows_its_rows_with_their_buttons(play: Open) -> None:
    it = play(
        """
objects:
  - fruit: DAList.using(object_type=Thing)
---
mandatory: True
code: |
  for name, seeds in (('pear', 8), ('apple', 5)):
    fruit.appendObject(name=name, seeds=seeds)
  fruit.gathered = True
---
table: fruit.table
rows: fruit
columns:
  - Name: row_item.name
  - Seeds: |
      str(row_item.seeds) + " at\\n" + str(row_index)
edit:
  - seeds
delete buttons: True
---
mandatory: True
question: Fruit
subquestion: |
  ${ fruit.table }
"""
    )
    html = it.screen.subquestion_html
    assert "<td>pear</td>" in html.replace(' style=""', "")
    assert "8 at 0" in html
    assert html.count("Edit</a>") == 2
    assert html.count("Delete</a>") == 2
    assert html.index("pear") < html.index("apple")


def test_people_are_spoken_to_and_about(play: Open) -> None:
    it = play(
        """
objects:
  - user: Individual
  - other: Individual
---
initial: True
code: |
  set_info(user=user)
---
mandatory: True
code: |
  user.name.first = 'Ann'
  other.name.first = 'Bob'
  other.gender = 'male'
---
mandatory: True
question: |
  ${ user.do_question('own', capitalize=True) } ${ other.possessive('house') }?
subquestion: |
  ${ other.pronoun_subjective(capitalize=True) } ${ other.does_verb('say') } so.
"""
    )
    assert it.screen.question_text == "Do you own Bob’s house?"
    assert "He says so." in it.screen.subquestion_html


@pytest.fixture
def fresh_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package of earlier interviews of this process is not known any more."""
    monkeypatch.setattr(sys, "meta_path", [it for it in sys.meta_path if not isinstance(it, InterviewPackages)])
    for name in [name for name in sys.modules if name.partition(".")[0] == "play"]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.usefixtures("fresh_imports")
def test_a_module_of_the_package_uses_the_library_by_its_published_name(play: Open, tmp_path: Path) -> None:
    package = tmp_path / "play"
    package.mkdir(exist_ok=True)
    (package / "helpers.py").write_text(
        "from docassemble.base.util import Individual, DAList, word, comma_and_list\n"
        "class Client(Individual):\n"
        "  def greet(self):\n"
        "    return 'Hello, ' + self.name.first\n"
    )
    it = play(
        """
modules:
  - .helpers
---
objects:
  - client: Client
---
mandatory: True
question: ${ client.greet() }
---
question: Name?
fields:
  - First name: client.name.first
"""
    )
    assert it.screen.question_text == "Name?"
    it.fill({"client.name.first": "Ann"})
    assert it.screen.question_text == "Hello, Ann"


def test_a_background_action_is_launched_with_the_answers_and_waited_for(play: Open) -> None:
    it = play(
        """
mandatory: True
code: |
  if the_task.ready():
    final_screen
  else:
    waiting_screen
---
code: |
  the_task = background_action('bg_task', 'refresh', additional=value_to_add)
---
question: How much shall be added?
fields:
  - Number: value_to_add
    datatype: integer
---
event: bg_task
code: |
  background_response(action_argument('additional') + 553)
---
event: waiting_screen
question: Hang tight.
---
event: final_screen
question: ${ the_task.get() }
"""
    )
    assert it.result.effects == ()
    it.post(value_to_add="2")
    assert it.screen.question_text == "Hang tight."
    (effect,) = it.result.effects
    assert isinstance(effect, LaunchTask)
    assert (effect.action, effect.mode) == ("bg_task", "refresh")
    assert it.result.header.waits_for_tasks == (effect.task_id,)


def test_variables_of_the_author_go_before_names_of_the_library(play: Open) -> None:
    it = play(
        """
initial: True
code: |
  if not defined('word'):
    word = 'mine'
---
mandatory: True
question: ${ word } ${ currency(5) }
"""
    )
    assert it.screen.question_text == "mine $5.00"


def test_dates_posted_are_dates(play: Open) -> None:
    it = play(
        """
mandatory: True
question: |
  ${ birthday }, a ${ format_date(birthday, 'EEEE') }; a week later ${ birthday.plus(weeks=1) }
---
question: When?
fields:
  - Birthday: birthday
    datatype: date
"""
    )
    it.post(birthday="1989-04-01")
    assert it.screen.question_text == "April 1, 1989, a Saturday; a week later April 8, 1989"


def test_lines_for_the_log_say_where_they_were_written_and_stay_when_the_run_fails(play: Open) -> None:
    text = """question: How many?
fields:
  - Number: number
    datatype: integer
---
mandatory: True
code: |
  number
  log("Divided by " + str(number), "log")
  launched = background_action("work", None)
  share = 1 / number
---
mandatory: True
question: Done.
"""
    it = play(text)
    with pytest.raises(AssertionError, match="division by zero"):
        it.post(number="0")
    (line,) = it.result.effects
    assert isinstance(line, LogLine)
    assert line.message == "Divided by 0"
    file, _, number = line.place.rpartition(", line ")
    assert file == "play:data/questions/test.yml"
    assert text.splitlines()[int(number) - 1].strip().startswith("log(")
