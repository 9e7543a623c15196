"""Parts and modifiers that few interviews use: that they reach the screen (spec/area4 §2.1, §2.3, §2.5, §2.9, §7.3)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import orjson
import pytest

from tests.language.screen.playing import Play

Player = Callable[[str], Play]


def test_parts_of_the_metadata_reach_the_screen(play: Player) -> None:
    screen = play(
        """
metadata:
  title: A long title
  tab title: Tab
  navigation bar html: <a href="#">In the bar</a>
  exit link: exit
  exit url: https://example.com/
  exit label: Away
  corner back button label: Corner
  resume button label: Go on
  resume button color: danger
  table css class: table table-sm
---
mandatory: True
question: Review
subquestion: |
  A | B
  --|--
  1 | 2
review:
  - note: Something
"""
    ).screen
    assert screen.tab_title_text == "Tab"
    assert 'href="#"' in screen.navigation_bar_html
    assert (screen.exit_link, screen.exit_label_text) == ("exit", "Away")
    assert screen.corner_back_label_text == "Corner"
    assert (screen.continue_label_html, screen.continue_color) == ("Go on", "danger")
    assert 'class="table table-sm"' in screen.subquestion_html


@pytest.mark.parametrize(
    ("tabular", "is_tabular", "classes"),
    [
        ("True", True, "table-sm"),
        ("False", False, "table-sm"),
        ("table table-striped", True, "table table-striped"),
        ("table ${ kind }", True, "table plain"),
        ("${ '' }", False, "table-sm"),
        ("{code: kind == 'plain'}", True, "table-sm"),
        ("{code: not kind}", False, "table-sm"),
    ],
)
def test_a_review_is_a_table_by_a_truth_an_expression_or_its_classes(
    play: Player, tabular: str, is_tabular: bool, classes: str
) -> None:
    screen = play(
        f"""
code: kind = 'plain'
---
mandatory: True
question: Review
table css class: table-sm
tabular: {tabular}
review:
  - note: Something
"""
    ).screen
    assert (screen.is_review_tabular, screen.table_css_class) == (is_tabular, classes)


@pytest.mark.parametrize(
    ("modifiers", "hidden", "disabled"),
    [
        ("hide continue button: True", True, False),
        ("disable continue button: True", False, True),
        ("hide continue button: |\n  count > 2\ndisable continue button: |\n  count > 3", True, False),
        ("hide continue button: False", False, False),
    ],
)
def test_the_button_of_a_question_is_hidden_or_disabled(
    play: Player, modifiers: str, hidden: bool, disabled: bool
) -> None:
    screen = play(
        f"""
code: count = 3
---
mandatory: True
question: Q
fields:
  - A: a
{modifiers}
"""
    ).screen
    assert (screen.is_continue_hidden, screen.is_continue_disabled) == (hidden, disabled)


def test_shuffled_choices_are_all_there_in_another_order(play: Player) -> None:
    numbers = [str(number) for number in range(40)]
    items = "".join(f"      - '{number}'\n" for number in numbers)
    fields = play(
        f"""
mandatory: True
question: Q
fields:
  - Mixed: mixed
    input type: radio
    shuffle: True
    choices:
{items}  - As written: written
    input type: radio
    choices:
{items}"""
    ).screen.fields
    mixed, written = ([choice.label_text for choice in field.choices] for field in fields)
    assert written == numbers
    assert mixed != numbers
    assert sorted(mixed, key=int) == numbers


def test_help_has_a_label_and_a_heading_of_its_own(play: Player) -> None:
    screen = play(
        """
metadata:
  help label: Assistance
---
mandatory: True
code: |
  own
  usual
---
question: Q
continue button field: own
help:
  label: Hint
  heading: About this
  content: Some *words*
---
question: R
continue button field: usual
help: Plain
"""
    )
    assert screen.screen.help_label_text == "Hint"
    (part,) = screen.screen.help
    assert (part.heading_text, part.content_html) == ("About this", "<p>Some <em>words</em></p>")
    screen.post()
    assert screen.screen.help_label_text == "Assistance"


def test_fields_carry_what_scripts_and_looks_need(play: Player) -> None:
    session = play(
        """
objects:
  - cat: Thing
  - dog: Thing
---
mandatory: True
code: |
  cat.name.text, dog.name.text = 'Tom', 'Rex'
  pet
  done
---
question: Choose
question metadata:
  kind: choice
  of:
    - ${ cat }
fields:
  - Pet: pet
    datatype: object_radio
    choices: [cat, dog]
    object labeler: |
      lambda one: one.name.text.upper()
    help generator: |
      lambda one: 'This is **' + one.name.text + '**'
    image generator: |
      lambda one: one.instanceName + '.png'
    field metadata:
      weight: 3
  - Drink: drink
    choices:
      - Tea: tea
        group: Hot
      - Water: water
        group: Cold
---
event: done
question: Done
"""
    )
    assert session.screen.metadata == {"kind": "choice", "of": ["Tom"]}
    pet, drink = session.field("pet"), session.field("drink")
    assert [choice.label_text for choice in pet.choices] == ["TOM", "REX"]
    assert "<strong>Tom</strong>" in pet.choices[0].help_html
    assert "cat.png" in pet.choices[0].image_html
    assert pet.metadata == {"weight": 3}
    assert [choice.group for choice in drink.choices] == ["Hot", "Cold"]


def test_an_action_button_may_forget_what_was_waiting(play: Player) -> None:
    (plain, forgetful) = play(
        """
mandatory: True
question: Q
action buttons:
  - label: Plain
    action: e
    arguments: {a: 1}
  - label: Forgetful
    action: e
    forget prior: True
---
event: e
question: E
"""
    ).screen.action_buttons
    assert _action(plain.action) == {"action": "e", "arguments": {"a": 1}}
    assert _action(forgetful.action)["action"] == "_da_priority_action"


def _action(encoded: str) -> dict[str, object]:
    found: dict[str, object] = orjson.loads(base64.b64decode(encoded + "=" * (-len(encoded) % 4)))
    return found


def test_a_signature_is_drawn_in_a_colour(play: Player) -> None:
    screen = play("mandatory: True\nquestion: Sign\nsignature: s\npen color: '#ff0000'\nrequired: False\n").screen
    assert (screen.signature_pen_color, screen.signature_is_required) == ("#ff0000", False)


@pytest.mark.parametrize(
    ("feature", "trigger"), [("", "focus"), ("features:\n  popover trigger: hover\n---\n", "hover")]
)
def test_definitions_open_by_what_the_interview_says(play: Player, feature: str, trigger: str) -> None:
    terms = "terms:\n  deposit: Money.\n---\n"
    html = play(f"{feature}{terms}mandatory: True\nquestion: Q\nsubquestion: A {{deposit}}\n").screen.subquestion_html
    assert f'data-bs-trigger="{trigger}"' in html


def test_several_phrases_share_a_definition(play: Player) -> None:
    html = play(
        """
terms:
  - phrases: [deposit, security]
    definition: Money the landlord keeps
---
mandatory: True
question: Q
subquestion: The {deposit} is the {Security}.
"""
    ).screen.subquestion_html
    assert html.count("Money the landlord keeps") == 2


def test_sections_are_read_and_hidden_by_code(play: Player) -> None:
    session = play(
        """
features:
  navigation: True
---
sections:
  - one: First
  - two: Second
---
mandatory: True
question: |
  ${ nav.get_section() } ${ nav.get_section(display=True) } ${ len(nav.get_sections()) }
section: one
"""
    )
    assert session.screen.question_text == "one First 2"


def test_captions_and_redactions_are_shown(play: Player) -> None:
    html = play(
        """
mandatory: True
question: Q
subquestion: |
  [BEGIN_CAPTION] Ann [VERTICAL_LINE] No. 7 [END_CAPTION]

  The name [REDACTION_WORD secret] is hidden.

  1. One
  2. Two

  * A point
"""
    ).screen.subquestion_html
    words = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    assert words.startswith("Ann No. 7 The name ██████ is hidden.")
    assert "secret" not in html
    assert "<ol>" in html
    assert "<ul>" in html
