"""What people see of an interview, screen by screen (spec/area4 §2, §4.5, §8)."""

from __future__ import annotations

from collections.abc import Callable

from tests.language.screen.playing import Play

Player = Callable[[str], Play]


def test_questions_follow_from_what_the_last_screen_needs(play: Player) -> None:
    session = play(
        """
mandatory: True
question: Hello, ${ name }!
subquestion: You like ${ colour }.
---
question: What's your name?
fields:
  - Name: name
---
question: Which colour?
field: colour
choices: [red, blue]
"""
    )
    assert session.screen.question_text == "What’s your name?"
    session.post(name="Ann")
    assert session.screen.question_text == "Which colour?"
    session.choose("colour", "red")
    assert session.screen.question_text == "Hello, Ann!"
    assert session.screen.subquestion_html == "<p>You like red.</p>"
    assert session.screen.kind == "deadend"


def test_what_a_person_typed_cannot_become_markup(play: Player) -> None:
    session = play(
        """
mandatory: True
question: Hello, ${ name }!
---
question: Name
fields:
  - Name: name
"""
    )
    session.post(name="<img src=x onerror=alert(1)>Ann & [x](javascript:alert(2))")
    assert "<img" not in session.screen.question_html
    assert "href" not in session.screen.question_html
    assert "Ann &amp; " in session.screen.question_html


def test_one_generic_question_serves_every_object(play: Player) -> None:
    session = play(
        """
objects:
  - client: Individual
  - advocate: Individual
---
mandatory: True
question: ${ client.name.first } and ${ advocate.name.first }
---
generic object: Individual
question: First name of ${ x.object_name() }?
fields:
  - First name: x.name.first
"""
    )
    assert session.screen.question_text == "First name of client?"
    session.fill({"x.name.first": "Ann"})
    assert session.screen.question_text == "First name of advocate?"
    session.fill({"x.name.first": "Bob"})
    assert session.screen.question_text == "Ann and Bob"


def test_a_list_is_gathered_item_by_item(play: Player) -> None:
    session = play(
        """
objects:
  - fruit: DAList
---
mandatory: True
question: You have ${ fruit }.
---
question: Any fruit?
yesno: fruit.there_are_any
---
question: The ${ ordinal(i) } fruit?
fields:
  - Fruit: fruit[i]
---
question: Another?
yesno: fruit.there_is_another
"""
    )
    session.press("Yes")
    assert session.screen.question_text == "The first fruit?"
    session.fill({"fruit[i]": "apple"})
    session.press("Yes")
    assert session.screen.question_text == "The second fruit?"
    session.fill({"fruit[i]": "pear"})
    session.press("No")
    assert session.screen.question_text == "You have apple and pear."


def test_embedded_buttons_lead_to_nested_questions(play: Player) -> None:
    session = play(
        """
mandatory: True
question: ${ meal }
---
question: What would you like?
buttons:
  - Food:
      question: Which food?
      field: meal
      choices: [soup, salad]
  - Nothing:
      code: |
        meal = 'nothing'
"""
    )
    session.press("Food")
    assert session.screen.question_text == "Which food?"
    session.choose("meal", "soup")
    assert session.screen.question_text == "soup"
    session.back()
    session.back()
    session.press("Nothing")
    assert session.screen.question_text == "nothing"


def test_a_mandatory_question_with_nested_ones_is_answered_by_them(play: Player) -> None:
    session = play(
        """
mandatory: True
question: Where to?
buttons:
  - In:
      question: How?
      fields:
        - How: how
  - On: continue
---
mandatory: True
question: The end
"""
    )
    session.press("In")
    assert session.screen.question_text == "How?"
    session.post(how="slowly")
    assert session.screen.question_text == "The end"


def test_continue_as_an_embedded_choice_goes_on(play: Player) -> None:
    session = play(
        """
mandatory: True
question: Ready?
buttons:
  - Go on: continue
  - Leave: leave
---
mandatory: True
question: The end
"""
    )
    session.press("Go on")
    assert session.screen.question_text == "The end"


def test_the_default_of_a_field_is_what_was_answered_before_going_back(play: Player) -> None:
    session = play(
        """
mandatory: True
question: ${ name }
---
question: Name
fields:
  - Name: name
    default: nobody
"""
    )
    assert session.field("name").default == "nobody"
    session.post(name="Ann")
    session.back()
    assert session.field("name").default == "Ann"


def test_a_question_about_nothing_to_choose_is_skipped(play: Player) -> None:
    session = play(
        """
mandatory: True
question: "Chosen: ${ chosen.any_true() }, ${ other }"
---
question: Which?
fields:
  - Which: chosen
    datatype: checkboxes
    code: |
      []
---
question: Other?
fields:
  - Other: other
    code: |
      []
"""
    )
    assert session.screen.question_text == "Chosen: False, None"


def test_a_review_screen_is_come_back_to_after_an_edit(play: Player) -> None:
    session = play(
        """
mandatory: True
code: |
  name
  final
---
question: Name
fields:
  - Name: name
---
event: review
question: Review
review:
  - Edit: name
    button: |
      Name is ${ name }
---
event: final
question: The end
"""
    )
    session.post(name="Ann")
    session.act("review")
    assert session.screen.question_text == "Review"
    assert session.screen.review[0].button_html == "<p>Name is Ann</p>"
    session.act("name")
    assert session.screen.question_text == "Name"
    session.post(name="Bob")
    assert session.screen.review[0].button_html == "<p>Name is Bob</p>"
    session.post()
    assert session.screen.question_text == "The end"


def test_templates_are_rendered_where_they_are_used(play: Player) -> None:
    session = play(
        """
mandatory: True
question: Q
subquestion: |
  ${ greeting }
---
template: greeting
content: |
  Hello *${ name }*
---
code: name = 'Ann'
"""
    )
    assert session.screen.subquestion_html == "<p>Hello <em>Ann</em></p>"


def test_screen_parts_progress_and_sections(play: Player) -> None:
    session = play(
        """
metadata:
  title: My *interview*
  short title: Mine
---
features:
  progress bar: True
  navigation: True
---
sections:
  - about: About you
  - end: The end
---
default screen parts:
  under: Under all
---
mandatory: True
code: |
  name
  final
---
question: Name
section: about
progress: 30
fields:
  - Name: name
---
event: final
section: end
question: End
"""
    )
    assert session.screen.title_html == "My <em>interview</em>"
    assert session.screen.tab_title_text == "My interview"
    assert session.screen.under_html == "<p>Under all</p>"
    assert session.screen.progress == 30
    assert [(one.label_html, one.is_current) for one in session.screen.sections] == [
        ("About you", True),
        ("The end", False),
    ]
    session.post(name="Ann")
    assert session.screen.progress is not None
    assert 30 < session.screen.progress < 100
    assert session.screen.sections[1].is_current
    assert session.screen.sections[0].is_past


def test_a_message_is_a_screen_of_its_own(play: Player) -> None:
    session = play(
        """
mandatory: True
code: |
  message("Stop *here*", "Because.")
"""
    )
    assert session.screen.question_html == "Stop <em>here</em>"
    assert session.screen.subquestion_html == "<p>Because.</p>"
    assert session.screen.kind == "message"
    assert session.screen.buttons


def test_headings_of_markdown_are_no_comments_of_mako(play: Player) -> None:
    session = play(
        """
mandatory: True
question: Q
subquestion: |
  ### Note ${ 1 }
  ## a comment

  Text
"""
    )
    assert session.screen.subquestion_html == "<h3>Note 1</h3>\n<p>Text</p>"


def test_a_variable_nothing_defines_is_asked_for_by_what_it_is_used_for(play: Callable[[str], Play]) -> None:
    p = play("""
features:
  use catchall: True
---
generic object: DACatchAll
question: What is ${ x.object_name() }?
fields:
  - no label: x.value
validation code: |
  define(x.instanceName, x.value)
---
if: x.data_type_guess() in ('float', 'int')
generic object: DACatchAll
question: How much is ${ x.object_name() }?
fields:
  - no label: x.value
    datatype: currency
validation code: |
  define(x.instanceName, x.value)
---
mandatory: True
question: ${ my_name } earns ${ currency(salary) }
""")
    assert p.screen.question_text == "What is my name?"
    p.fill({"x.value": "Ann"})
    assert p.screen.question_text == "How much is salary?"
    p.fill({"x.value": "100"})
    assert p.screen.question_text == "Ann earns $100.00"


def test_choices_made_by_code_stand_among_those_that_lead_to_blocks(play: Player) -> None:
    text = """
question: Go on?
sets: reply
buttons:
  - code: |
      [{'one': 'First'}, {'two': 'Second'}, {'restart': 'From the start'}]
  - Quit:
      question: Bye
---
mandatory: True
question: Asked
subquestion: ${ reply }
"""
    p = play(text)
    assert [button.label_text for button in p.screen.buttons] == ["First", "Second", "From the start", "Quit"]
    p.press("From the start")
    assert p.command == "restart"
    p = play(text)
    p.press("Quit")
    assert p.screen.question_text == "Bye"


def test_the_plain_text_of_a_label_has_no_braces_of_terms(play: Player) -> None:
    p = play("""
terms:
  creeper: Something tall
---
mandatory: True
question: Seen?
fields:
  - The {creeper|green} creeper: seen
    datatype: yesno
""")
    assert p.field("seen").label_text == "The green creeper"


def test_an_item_of_sections_may_be_hidden_or_open(play: Player) -> None:
    p = play("""
features:
  navigation: True
---
sections:
  - about: About you
    auto open: True
    subsections:
      - contact: Contact
  - later: Later
    hidden: True
  - other: Other
    subsections:
      - more: More
progressive: False
---
mandatory: True
question: Sections
subquestion: ${ ", ".join(nav.section_ids()) }
""")
    shown = [(one.key, one.is_hidden, one.is_folded) for one in p.screen.sections]
    assert shown == [("about", False, False), ("later", True, False), ("other", False, True)]
    assert "about, contact, later, other, more" in p.screen.subquestion_html
