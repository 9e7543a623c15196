"""What single kinds of blocks do (spec/area4 §2)."""

from __future__ import annotations

from collections.abc import Callable

from tests.language.core.sessions import Session

Open = Callable[..., Session]


def test_an_embedded_choice_leads_to_its_block_and_is_remembered(session: Open) -> None:
    s = session("""
mandatory: True
question: ${ prize }
---
question: Which door?
buttons:
  - Left:
      question: What is behind it?
      fields:
        - Prize: prize
  - Right:
      code: prize = 'nothing'
""")
    assert s.open() == "Which door?"
    assert s.asked(s.press("Left")) == "What is behind it?"
    assert s.answer(prize="a goat") == "a goat"


def test_an_embedded_choice_may_run_code(session: Open) -> None:
    s = session("""
mandatory: True
question: Which door?
buttons:
  - Left:
      code: prize = 'a car'
  - Right:
      code: prize = 'nothing'
---
mandatory: True
question: ${ prize }
""")
    s.open()
    assert s.asked(s.press("Left")) == "a car"


def test_a_restart_button_is_told_to_the_server(session: Open) -> None:
    s = session("""
mandatory: True
question: Once more?
buttons:
  - Again: restart
  - Leave: leave
""")
    s.open()
    assert s.press("Again").outcome.name == "restart"
    assert s.press("Leave").save == "ignore"


def test_objects_are_made_under_the_name_that_is_sought(session: Open) -> None:
    s = session("""
objects:
  - house: DAObject
  - house.door: DAObject
---
mandatory: True
question: ${ house.door.instanceName }
""")
    assert s.open() == "house.door"


def test_data_blocks_give_plain_data_or_objects(session: Open) -> None:
    s = session("""
variable name: simple
data:
  - apple
  - ${ 1 + 1 }
---
variable name: rich
use objects: True
data:
  apple:
    seeds: 5
---
variable name: computed
data from code:
  total: 2 * 3
---
mandatory: True
question: ${ simple[1] } ${ rich['apple']['seeds'] } ${ rich.instanceName } ${ computed['total'] }
""")
    assert s.open() == "2 5 rich 6"


def test_a_template_is_made_anew_each_time_it_is_used(session: Open) -> None:
    s = session("""
template: note
subject: About ${ color }
content: The color is ${ color }.
---
mandatory: True
code: |
  color = 'red'
  before = str(note)
  color = 'blue'
  after = str(note)
---
mandatory: True
question: ${ before } ${ after } ${ note.subject }
continue button field: seen
---
mandatory: True
question: Still ${ note }
""")
    assert s.open() == "The color is red. The color is blue. About blue"
    assert s.answer() == "Still The color is blue."


def test_initial_code_runs_every_time_and_mandatory_code_once(session: Open) -> None:
    s = session("""
mandatory: True
code: |
  runs = 0
  once = 0
---
initial: defined('runs')
code: runs += 1
---
mandatory: True
code: once += 1
---
mandatory: True
question: ${ once }
""")
    s.open()
    s.open()
    s.open()
    assert s.answers["once"] == 1
    assert s.answers["runs"] == 3


def test_reset_variables_are_forgotten_at_the_start_of_every_run(session: Open) -> None:
    s = session("""
reset:
  - today_visits
---
mandatory: True
code: fresh = not defined('today_visits')
---
mandatory: True
code: today_visits = 1
---
mandatory: True
question: Here
""")
    s.open()
    s.open()
    assert "today_visits" not in s.answers


def test_code_with_reconsider_is_computed_in_every_run(session: Open) -> None:
    s = session("""
reconsider: True
code: twice = 2 * number
---
question: Which number?
fields:
  - Number: number
    datatype: integer
---
mandatory: True
question: ${ twice }
""")
    s.open()
    assert s.answer(number="2") == "4"
    assert s.asked(s.assign(number=5)) == "10"


def test_included_blocks_come_before_those_that_follow(session: Open) -> None:
    s = session(
        """
include: more.yml
---
mandatory: True
question: ${ color }
---
code: color = 'blue'
""",
        **{"data/questions/more.yml": "code: color = 'red'\n"},
    )
    assert s.open() == "blue"


def test_jinja_is_carried_out_before_the_text_is_read(session: Open) -> None:
    s = session(
        """# use jinja
{% for color in ('red', 'blue') %}
---
code: {{ color }}_seen = True
{% endfor %}
---
mandatory: True
question: {% raw %}${ red_seen and blue_seen }{% endraw %}
"""
    )
    assert s.open() == "True"


def test_usedefs_put_shared_mako_before_a_text(session: Open) -> None:
    s = session("""
def: shouting
mako: |
  <%def name="shout(text)">${ text.upper() }!</%def>
---
mandatory: True
usedefs: shouting
question: ${ shout('hello') }
""")
    assert s.open() == "HELLO!"


def test_a_changed_file_is_noticed_without_a_restart(session: Open) -> None:
    s = session("mandatory: True\nquestion: Before\n")
    assert s.open() == "Before"
    (s.folder / "data/questions/test.yml").write_text("mandatory: True\nquestion: Afterwards\n")
    assert s.open() == "Afterwards"


_REQUIRING = """
require:
  - age >= 18
  - resident
orelse:
  question: You cannot go on.
---
question: About you
fields:
  - Age: age
    datatype: integer
  - Resident: resident
    datatype: yesno
---
mandatory: True
question: Welcome!
"""


def test_what_is_required_is_asked_for_before_all_else(session: Open) -> None:
    s = session(_REQUIRING)
    assert s.open() == "About you"
    assert s.answer(age="20", resident="True") == "Welcome!"


def test_when_a_requirement_does_not_hold_its_other_block_is_carried_out(session: Open) -> None:
    s = session(_REQUIRING)
    s.open()
    assert s.answer(age="17", resident="True") == "You cannot go on."
    assert s.open() == "You cannot go on."


def test_declarations_may_share_a_block(session: Open) -> None:
    s = session(
        """
imports:
  - json
modules:
  - .greeting
---
mandatory: True
question: ${ greeting } ${ json.dumps([1]) }
""",
        **{"greeting.py": "greeting = 'Hello'\n"},
    )
    assert s.open() == "Hello [1]"


def test_nav_shows_the_sections_and_links_to_those_that_were_entered(session: Open) -> None:
    s = session("""
sections:
  - intro: Introduction
  - about: About & <you>
  - Last
---
event: intro
question: Intro
---
mandatory: True
code: |
  nav.set_section('intro')
  shown
---
section: about
question: About
continue button field: shown
subquestion: |
  ${ nav }
""")
    s.open()
    shown = s.screen.subquestion_html
    assert 'class="danavlinks nav dainline"' in shown
    assert shown.count("<a ") == 1
    assert ">Introduction</a>" in shown
    assert "About &amp; &lt;you&gt;" in shown


def test_where_a_person_came_from_is_known_or_the_default_is_given(session: Open) -> None:
    s = session("""
mandatory: True
question: ${ referring_url(default='https://example.com/') }
""")
    assert s.open() == "https://example.com/"
