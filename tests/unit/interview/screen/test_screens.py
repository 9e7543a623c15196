"""Questions become screens: kinds, buttons, fields, choices, texts (spec/area4 §2, §4.5, §8)."""

from __future__ import annotations

import base64
import json
from typing import Any

import orjson
import pytest

from shared.interview.compile.expressions import Text
from shared.interview.errors import Position, Undefined, UndefinedAttribute
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.lists import DAList
from shared.interview.runtime.signals import CodeExecution
from shared.interview.runtime.sought import Sought
from tests.unit.interview.screen.asking import Asking


def action_of(encoded: str) -> Any:
    return json.loads(base64.b64decode(encoded + "=" * (-len(encoded) % 4)))


def test_a_question_alone_is_a_dead_end() -> None:
    screen = Asking("question: The end").screen()
    assert (screen.kind, screen.question_html, screen.form, screen.buttons) == ("deadend", "The end", None, ())


def test_the_heading_is_one_line_of_markdown_and_its_text_plain() -> None:
    screen = Asking('question: |\n  Is it *your* "turn"?').screen()
    assert screen.question_html == "Is it <em>your</em> “turn”?"
    assert screen.question_text == "Is it your “turn”?"


def test_yes_and_no_are_buttons_that_save_true_and_false() -> None:
    screen = Asking("question: Sure?\nyesno: sure").screen()
    assert [(one.label_html, one.value) for one in screen.buttons] == [("Yes", "True"), ("No", "False")]
    assert screen.form is not None
    assert screen.buttons[0].name == screen.form.fields[0].input_name == "c3VyZQ"


def test_noyes_saves_the_opposite_and_maybe_has_a_third_button() -> None:
    screen = Asking("question: Sure?\nnoyesmaybe: sure").screen()
    labelled = [(one.label_text, one.value) for one in screen.buttons]
    assert labelled == [("Yes", "False"), ("No", "True"), ("I don’t know", "None")]


def test_a_continue_field_is_the_continue_button() -> None:
    screen = Asking("question: Hello\nfield: greeted").screen()
    assert (screen.kind, screen.continue_name, screen.continue_value) == ("continue", "Z3JlZXRlZA", "True")
    assert screen.continue_label_html == "Continue"


def test_texts_are_sought_in_the_order_of_the_page() -> None:
    asking = Asking("question: ${ first }\nsubquestion: ${ second }\nunder: ${ third }\nfields:\n  - ${ fourth }: x1")
    found = []
    for _ in range(4):
        with pytest.raises(Undefined) as missing:
            asking.screen()
        found.append(missing.value.name)
        asking.answers[missing.value.name] = "known"
    assert found == ["first", "second", "third", "fourth"]


def test_the_object_of_an_attribute_is_sought_before_the_attribute_is_asked() -> None:
    asking = Asking("question: Name\nfields:\n  - First: person.name")
    with pytest.raises(Undefined) as missing:
        asking.screen()
    assert missing.value.name == "person"
    asking.answers["person"] = DAObject("person")
    assert asking.screen().fields[0].variable == "person.name"


def test_a_generic_question_knows_what_x_stands_for() -> None:
    sought = Sought(name="person.age", variant="x.age", x="person")
    asking = Asking(
        "generic object: DAObject\nquestion: Age?\nfields:\n  - Age: x.age", sought, person=DAObject("person")
    )
    screen = asking.screen()
    assert screen.form is not None
    assert screen.form.context == {"x": "person"}
    assert screen.form.sought == ("person.age",)
    assert screen.form.fields[0].variable == "x.age"


@pytest.mark.parametrize(
    ("modifiers", "input_type", "is_required"),
    [
        ("", "text", True),
        ("datatype: area", "area", True),
        ("input type: area", "area", True),
        ("datatype: integer", "integer", True),
        ("datatype: float", "number", True),
        ("datatype: currency", "currency", True),
        ("datatype: date", "date", True),
        ("datatype: datetime", "datetime-local", True),
        ("datatype: time", "time", True),
        ("datatype: email", "email", True),
        ("datatype: yesno", "yesno", False),
        ("datatype: noyeswide", "noyeswide", False),
        ("datatype: yesnoradio", "radio", True),
        ("datatype: yesnomaybe", "radio", True),
        ("datatype: range\n    min: 1\n    max: 5", "range", False),
        ("datatype: file", "file", True),
        ("input type: hidden", "hidden", False),
        ("required: False", "text", False),
        ("disabled: True", "text", False),
        ("choices: [a, b]", "dropdown", True),
        ("input type: radio\n    choices: [a, b]", "radio", True),
        ("datatype: combobox\n    choices: [a, b]", "combobox", True),
        ("datatype: pulldown\n    choices: [a, b]", "dropdown", True),
        ("datatype: checkboxes\n    choices: [a, b]", "checkboxes", True),
        ("datatype: integer\n    choices: [1, 2]", "dropdown", True),
    ],
)
def test_datatypes_and_what_they_are_shown_as(modifiers: str, input_type: str, is_required: bool) -> None:
    field = Asking(f"question: Q\nfields:\n  - Label: v\n    {modifiers}").field()
    assert (field.input_type, field.required) == (input_type, is_required)


def test_a_default_that_is_a_truth_value_makes_a_yesno() -> None:
    field = Asking("question: Q\nfields:\n  - Label: v\n    default: True").field()
    assert (field.input_type, field.default) == ("yesno", True)


def test_the_present_value_goes_before_the_default() -> None:
    asking = Asking("question: Q\nfields:\n  - Label: v\n    default: written")
    assert asking.field().default == "written"
    asking.answers["v"] = "present"
    assert asking.field().default == "present"


def test_a_value_set_aside_is_offered_again() -> None:
    asking = Asking("question: Q\nfields:\n  - Label: v")
    asking.run.internal["dirty"]["v"] = "before"
    assert asking.field().default == "before"


def test_after_going_back_the_later_answer_is_offered() -> None:
    asking = Asking("question: Q\nfields:\n  - Label: v")
    asking.run.prior = {"v": "later"}
    assert asking.field().default == "later"


def test_help_hint_note_and_html() -> None:
    screen = Asking(
        "question: Q\nfields:\n  - note: A *note*\n  - Label: v\n    hint: type here\n    help: |\n      some help\n"
        "  - html: <b>as is</b> -- [TARGET t]"
    ).screen()
    note, field, html = screen.fields
    assert (note.input_type, note.html) == ("note", "<p>A <em>note</em></p>")
    assert (field.hint, field.help_html) == ("type here", "<p>some help</p>")
    assert html.html == '<b>as is</b> -- <span class="datargett"></span>'


def test_a_field_without_label_has_no_label_column() -> None:
    field = Asking("question: Q\nfields:\n  - no label: v").field()
    assert field.label_html is None


def test_fields_the_browser_watches_are_named_by_number() -> None:
    screen = Asking("question: Q\nfields:\n  - A: a\n  - B: b\n    show if:\n      variable: a\n      is: red").screen()
    field = screen.fields[1]
    assert field.input_name == base64.b64encode(b"_field_1").decode().rstrip("=")
    assert (field.conditions[0].variable, field.conditions[0].value, field.conditions[0].sign) == ("a", "red", True)


def test_javascript_conditions_reach_the_browser() -> None:
    field = Asking("question: Q\nfields:\n  - B: b\n    js disable if: val('a') == 1").field()
    assert (field.conditions[0].javascript, field.conditions[0].sign, field.conditions[0].only_enables) == (
        "val('a') == 1",
        False,
        True,
    )


def test_show_if_code_is_decided_by_the_server() -> None:
    asking = Asking("question: Q\nfields:\n  - A: a\n  - B: b\n    show if:\n      code: wants_b", wants_b=False)
    assert [field.variable for field in asking.screen().fields] == ["a"]
    asking.answers["wants_b"] = True
    assert [field.variable for field in asking.screen().fields] == ["a", "b"]


def test_computed_fields_take_the_place_of_their_code() -> None:
    made = [{"label": "Colour", "field": "colour"}, {"Age": "age", "datatype": "integer"}]
    screen = Asking("question: Q\nfields:\n  - code: made\n  - Last: last", made=made).screen()
    assert [(one.variable, one.number, one.input_type) for one in screen.fields] == [
        ("colour", "0_0", "text"),
        ("age", "0_1", "integer"),
        ("last", "1", "text"),
    ]


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ("[red, blue]", [("red", "red"), ("blue", "blue")]),
        ("\n    - Red: r\n    - Blue: b", [("r", "Red"), ("b", "Blue")]),
        ("\n    - label: Red\n      value: r", [("r", "Red")]),
        ("\n    - Yes: True\n    - No: False", [("True", "Yes"), ("False", "No")]),
        ("\n    - Red: r\n      show if: 1 == 2\n    - Blue: b", [("b", "Blue")]),
        ("\n    - code: \"['x', 'y']\"\n    - Blue: b", [("x", "x"), ("y", "y"), ("b", "Blue")]),
    ],
)
def test_manual_choices(choices: str, expected: list[tuple[str, str]]) -> None:
    field = Asking(f"question: Q\nfields:\n  - Label: v\n    choices: {choices}").field()
    assert [(one.key, one.label_text) for one in field.choices] == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a", 2], [("a", "a"), ("2", "2")]),
        ([{"a": "Apple"}, {"p": "Pear"}], [("a", "Apple"), ("p", "Pear")]),
        ([{"value": "a", "label": "Apple"}], [("a", "Apple")]),
        ([["a", "Apple"], ["p", "Pear"]], [("a", "Apple"), ("p", "Pear")]),
        ({"z": "Apple", "a": "Zebra"}, [("z", "Apple"), ("a", "Zebra")]),
        ([{"a": True}, {"p": False}], [("a", "a")]),
    ],
)
def test_computed_choices_name_the_value_first(given: object, expected: list[tuple[str, str]]) -> None:
    field = Asking("question: Q\nfields:\n  - Label: v\n    code: given", given=given).field()
    assert [(one.key, one.label_text) for one in field.choices] == expected


def test_excluded_choices_are_left_out() -> None:
    field = Asking("question: Q\nfields:\n  - L: v\n    choices: [a, b, c]\n    exclude: taken", taken=["b"]).field()
    assert [one.key for one in field.choices] == ["a", "c"]


def test_default_and_none_of_the_above_of_boxes() -> None:
    field = Asking(
        "question: Q\nfields:\n  - L: v\n    datatype: checkboxes\n    choices: [a, b]\n    default: [b]"
    ).field()
    assert [(one.key, one.selected) for one in field.choices] == [("a", False), ("b", True)]
    assert field.none_of_the_above == "None of the above"
    assert field.validation_messages["required"] == "Check at least one option, or check “None of the above”"


def test_boxes_are_named_by_their_encoded_value() -> None:
    field = Asking("question: Q\nfields:\n  - L: v\n    datatype: checkboxes\n    choices: [apple]").field()
    name = field.choices[0].input_name
    assert base64.b64decode(name + "=" * (-len(name) % 4)).decode() == "v[B'YXBwbGU=']"


def test_objects_are_offered_by_name_and_the_chosen_one_is_preselected() -> None:
    ann, bob = DAObject("ann"), DAObject("bob")
    ann.name, bob.name = "Ann", "Bob"
    people = DAList("people", elements=[ann, bob], auto_gather=False)
    field = Asking(
        "question: Q\nfields:\n  - L: v\n    datatype: object\n    choices: people\n    exclude: ann",
        people=people, ann=ann, bob=bob, v=bob,
    ).field()  # fmt: skip
    assert [(one.label_text, one.selected) for one in field.choices] == [("Bob", True)]


def test_with_nothing_to_choose_the_question_is_not_asked() -> None:
    with pytest.raises(CodeExecution) as signal:
        Asking("question: Q\nfields:\n  - L: v\n    code: '[]'").screen()
    assert signal.value.assignments == (("v", None),)


def test_boxes_with_nothing_to_choose_become_an_empty_gathered_dictionary() -> None:
    with pytest.raises(CodeExecution) as signal:
        Asking("question: Q\nfields:\n  - L: v\n    datatype: checkboxes\n    code: '[]'").screen()
    value = signal.value.assignments[0][1]
    assert (value.elements, value.gathered) == ({}, True)


def test_a_combobox_with_nothing_to_choose_is_asked_all_the_same() -> None:
    assert Asking("question: Q\nfields:\n  - L: v\n    datatype: combobox\n    code: '[]'").field().choices == ()


@pytest.mark.parametrize(
    ("modifiers", "rule", "text"),
    [
        ("", "required", "You need to fill this in."),
        ("choices: [a]", "required", "You need to select one."),
        ("datatype: combobox\n    choices: [a]", "required", "You need to select one or type in a new value."),
        ("datatype: file", "required", "You must provide a file."),
        ("datatype: number", "number", "You need to enter a number."),
        ("datatype: integer", "integer", "Please enter a whole number."),
        ("datatype: date", "date", "You need to enter a valid date."),
        ("datatype: email", "email", "You need to enter a complete e-mail address."),
        ("datatype: number\n    min: 3", "min", "You need to enter a number that is at least 3."),
        ("minlength: 3", "minlength", "You must type at least 3 characters."),
        ("maxlength: 3", "maxlength", "You cannot type more than 3 characters."),
        ("datatype: checkboxes\n    choices: [a]\n    minlength: 1", "checkatleast", "Please select at least 1."),
        ("datatype: checkboxes\n    choices: [a]\n    maxlength: 2", "checkatmost", "Please select no more than 2."),
        (
            "datatype: checkboxes\n    choices: [a]\n    minlength: 2\n    maxlength: 2",
            "checkexactly",
            "Please select exactly 2.",
        ),
        ("validation messages:\n      required: Please!", "required", "Please!"),
    ],
)
def test_messages_of_fields(modifiers: str, rule: str, text: str) -> None:
    field = Asking(f"question: Q\nfields:\n  - Label: v\n    {modifiers}").field()
    assert field.validation_messages[rule] == text


def test_choices_of_a_question_as_radio_buttons() -> None:
    screen = Asking("question: Q\nfield: v\nchoices:\n  - Red: r\n  - Blue: b\n    default: True").screen()
    assert screen.kind == "choices"
    assert screen.choices_field is not None
    assert [(one.key, one.selected) for one in screen.choices_field.choices] == [("r", False), ("b", True)]


def test_choices_of_a_question_as_buttons() -> None:
    screen = Asking("question: Q\nfield: v\nbuttons:\n  - Red: r\n  - Blue: b").screen()
    assert [(one.label_html, one.value, one.name) for one in screen.buttons] == [
        ("Red", "r", "dg"),
        ("Blue", "b", "dg"),
    ]


def test_commands_are_buttons_posted_by_their_place() -> None:
    screen = Asking("question: Q\nbuttons:\n  - Again: restart\n  - Out: exit\n    url: https://x.y/").screen()
    assert [(one.label_html, one.value, one.color) for one in screen.buttons] == [
        ("Again", "0", "warning"),
        ("Out", "1", "danger"),
    ]
    assert screen.form is not None
    assert screen.form.fields[0].options["choices"]["1"] == {"command": "exit", "url": "https://x.y/"}


def test_action_buttons_carry_an_action_or_a_url() -> None:
    screen = Asking(
        "question: Q\naction buttons:\n  - label: Do\n    action: do_it\n    arguments:\n      a: ${ 1 + 1 }\n"
        "    color: danger\n  - label: Go\n    action: https://x.y/\n    new window: True\n"
        "  - label: Print\n    action: 'javascript:window.print()'"
    ).screen()
    do, go, prints = screen.action_buttons
    assert (prints.url, prints.action) == ("javascript:window.print()", "")
    assert action_of(do.action) == {"action": "do_it", "arguments": {"a": "2"}}
    assert (do.color, go.url, go.new_window, go.action) == ("danger", "https://x.y/", True, "")


def test_parts_come_from_the_question_then_the_interview() -> None:
    here = Position("x", 1)
    interview = {
        "screen_parts": {"*": {"under": Text("from the *interview*", here), "right": Text("right", here)}},
        "metadata_texts": {"*": {"title": Text("My title", here), "under": Text("from metadata", here)}},
    }
    screen = Asking("question: Q\nright: mine", interview=interview).screen()
    assert screen.under_html == "<p>from the <em>interview</em></p>"
    assert screen.right_html == "<p>mine</p>"
    assert (screen.title_html, screen.tab_title_text) == ("My title", "My title")


def test_labels_of_the_continue_button() -> None:
    screen = Asking("question: Q\nfield: v\ncontinue button label: Go -- on\ncontinue button color: danger").screen()
    assert (screen.continue_label_html, screen.continue_color) == ("Go – on", "danger")


def test_script_tags_are_taken_off_scripts() -> None:
    screen = Asking("question: Q\nscript: |\n  <script type='x'>\n  go(${ 1 });\n  </script>").screen()
    assert screen.script == "go(1);"


@pytest.mark.parametrize(
    ("reload", "seconds"),
    [("True", 10), ("5", 5), ("2", 4), ("60", 60), ("20 seconds", 20), ("False", None), ("null", None), ("${ 5 }", 5)],
)
def test_reload(reload: str, seconds: float | None) -> None:
    assert Asking(f"question: Q\nreload: {reload}").screen().reload_seconds == seconds


def test_terms_of_the_question_are_marked_in_its_texts() -> None:
    terms = "terms:\n  Lease: A ${ 'deal' }\n  Other: Unused\nauto terms:\n  fruit: Sweet\n  meat: Unused"
    screen = Asking(f"question: Q\nsubquestion: A {{lease}} of Fruit.\n{terms}").screen()
    assert 'class="daterm"' in screen.subquestion_html
    assert (screen.terms, screen.auto_terms) == ({"lease": "<p>A deal</p>"}, {"fruit": "<p>Sweet</p>"})


def test_recordings_are_told_by_address_and_type() -> None:
    screen = Asking("question: Q\naudio: https://example.org/a.mp3\nvideo:\n  - https://example.org/v.mp4").screen()
    assert screen.audio == (("https://example.org/a.mp3", "audio/mpeg"),)
    assert screen.video == (("https://example.org/v.mp4", "video/mp4"),)
    assert screen.media_html.count("<source") == 2


def test_review_rows_vanish_while_what_they_speak_of_is_unknown() -> None:
    asking = Asking(
        "question: Review\nreview:\n  - Edit name: name\n    button: Your name is ${ name }.\n  - Edit age: age\n"
        "    button: You are ${ age }.\n  - Both:\n      - name\n      - undefine: [age]\n  - note: Always",
        name="Ann",
    )
    screen = asking.screen()
    assert [row.button_html or row.label_html or row.html for row in screen.review] == [
        "<p>Your name is Ann.</p>",
        "Both",
        "<p>Always</p>",
    ]
    assert action_of(screen.review[0].action) == {"action": "name", "arguments": {}}
    assert action_of(screen.review[1].action)["arguments"]["variables"] == ["name", {"undefine": ["age"]}]
    assert screen.continue_label_html == "Resume"


def test_review_rows_are_sought_when_the_author_wants_it() -> None:
    with pytest.raises(Undefined):
        Asking("question: Review\nskip undefined: False\nreview:\n  - Edit: name").screen()


def test_help_of_the_question() -> None:
    screen = Asking("question: Q\nhelp:\n  label: More\n  heading: About\n  content: |\n    Some *help*").screen()
    assert (screen.help_label_text, screen.help[0].heading_text) == ("More", "About")
    assert screen.help[0].content_html == "<p>Some <em>help</em></p>"


def test_the_menu_leaves_out_what_needs_a_privilege() -> None:
    items = [
        {"label": "Action", "url": "/interview?from=x&action=abc"},
        {"label": "Admin", "url": "/admin", "required privileges": ["admin"]},
    ]
    screen = Asking("question: Q", menu_items=items).screen()
    assert [(one.label_text, one.action) for one in screen.menu] == [("Action", "abc")]


def test_list_collect_shows_the_fields_of_every_element() -> None:
    fruit = DAList("fruit", object_type=DAObject, auto_gather=False)
    fruit.appendObject()
    fruit.appendObject()
    sought = Sought(name="fruit[0].name", variant="fruit[i].name", iterators=("0",))
    asking = Asking("question: Q\nfields:\n  - Name: fruit[i].name\nlist collect: True", sought, fruit=fruit)
    screen = asking.screen()
    shown = [(one.variable, one.list_index) for one in screen.fields if not one.is_spare]
    assert shown == [("fruit[0].name", 0), ("fruit[1].name", 1)]
    assert len(fruit.elements) == 2
    assert screen.list_collect["list"] == "fruit"


def test_a_screen_survives_the_journey_as_json() -> None:
    screen = Asking("question: Q\nfields:\n  - A: a\n    choices:\n      - X: True\n      - Y: False").screen()
    assert type(screen).model_validate(orjson.loads(screen.model_dump_json())) == screen


def test_a_missing_attribute_in_a_text_is_named() -> None:
    asking = Asking("question: ${ person.hobby }", person=DAObject("person"))
    with pytest.raises(UndefinedAttribute) as missing:
        asking.screen()
    assert missing.value.name == "person.hobby"
