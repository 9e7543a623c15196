"""A posted form is taken into the answers, or refused with messages beside its fields (spec/area4 §5.3)."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from shared.contracts.screen import Form, Screen
from shared.interview.evaluate.forms import apply_form, context_of
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.lists import DAList
from shared.interview.runtime.form_result import FormResult
from shared.interview.runtime.names import IllegalName
from shared.interview.runtime.operations import PostedFile, SubmitForm
from shared.interview.runtime.run import running
from shared.interview.runtime.signals import InvalidInput
from shared.interview.runtime.sought import Sought
from shared.interview.screen.build import with_errors
from tests.unit.interview.screen.asking import Asking


def validation_error(message: str, field: str | None = None) -> None:
    raise InvalidInput(message, field)


def post_boxes(asking: Asking, ticked: list[str], visible: tuple[str, ...] | None = None) -> FormResult:
    """Post the first field of the screen, a group, with these choices ticked."""
    field = next(field for field in asking.screen().fields if field.choices)
    names = {choice.key: choice.input_name for choice in field.choices}
    return asking.post({names[key]: "True" for key in ticked}, visible=visible)


def test_texts_and_numbers_are_saved() -> None:
    asking = Asking("question: Q\nfields:\n  - Name: name\n  - Age: age\n    datatype: integer")
    assert asking.post({"name": " <i>Ann</i> ", "age": "1,041"}).is_valid
    assert (asking.answers["name"], asking.answers["age"]) == ("Ann", 1041)


def test_a_mistyped_number_is_refused_beside_its_field_and_nothing_is_lost() -> None:
    asking = Asking("question: Q\nfields:\n  - Name: name\n  - Age: age\n    datatype: integer")
    result = asking.post({"name": "Ann", "age": "many"})
    assert not result.is_valid
    assert result.errors == {"age": "You need to enter a valid number."}
    assert "name" not in asking.answers
    shown = with_errors(asking.screen(), result)
    assert [(field.default, field.error_text) for field in shown.fields] == [
        ("Ann", ""),
        ("many", "You need to enter a valid number."),
    ]


def test_a_choice_that_was_made_is_still_made_after_a_refusal() -> None:
    text = "question: Q\nfields:\n  - Colour: colour\n    choices: [red, blue]\n  - Age: age\n    datatype: number"
    asking = Asking(text)
    result = asking.post({"colour": "blue", "age": "x"})
    colour, age = with_errors(asking.screen(), result).fields
    assert [choice.selected for choice in colour.choices] == [False, True]
    assert age.error_text == "You need to enter a valid number."


def test_an_attribute_of_an_object_is_saved_in_the_context_of_the_form() -> None:
    sought = Sought(name="people[1].name", variant="x[i].name", x="people", iterators=("1",))
    people = DAList("people", elements=[DAObject("people[0]"), DAObject("people[1]")], auto_gather=False)
    asking = Asking("generic object: DAList\nquestion: Q\nfields:\n  - Name: x[i].name", sought, people=people)
    screen = asking.screen()
    asking.answers["x"], asking.answers["i"] = None, 0
    assert screen.form is not None
    with running(asking.run):
        from shared.interview.evaluate.forms import apply_form

        result = apply_form(
            SubmitForm(form=screen.form, inputs=((screen.form.fields[0].input_name, "Ann"),)), asking.run
        )
    assert result.is_valid
    assert people.elements[1].name == "Ann"
    assert not hasattr(people.elements[0], "name")


def test_inputs_the_form_does_not_know_are_ignored() -> None:
    asking = Asking("question: Q\nfields:\n  - Name: name")
    asking.post({"name": "Ann", "cGFzc3dvcmQ": "stolen", "os": "x"})
    assert "password" not in asking.answers
    assert "os" not in asking.answers


def test_inputs_that_scripts_add_are_taken_when_the_question_allows_them() -> None:
    asking = Asking("question: Q\nallowed to set: [extra]\nfields:\n  - Name: name")
    asking.post({"name": "Ann", "ZXh0cmE": "<b>more</b>", "b3RoZXI": "no"})
    assert asking.answers["extra"] == "more"
    assert "other" not in asking.answers


@pytest.mark.parametrize(
    ("datatype", "posted", "value"),
    [
        ("yesno", {"v": "True"}, True),
        ("yesno", {}, False),
        ("noyes", {"v": "False"}, False),
        ("noyes", {}, True),
        ("yesnoradio", {"v": "False"}, False),
        ("yesnomaybe", {"v": "None"}, None),
    ],
)
def test_truth_values(datatype: str, posted: dict[str, str], value: bool | None) -> None:
    asking = Asking(f"question: Q\nfields:\n  - L: v\n    datatype: {datatype}")
    assert asking.post(posted).is_valid
    assert asking.answers["v"] is value


def test_a_box_that_was_not_on_the_screen_stays_undefined() -> None:
    asking = Asking("question: Q\nfields:\n  - N: n\n  - L: v\n    datatype: yesno\n    show if: n")
    asking.post({"n": "x"}, visible=("bg",))
    assert "v" not in asking.answers


def test_an_optional_radio_left_alone_is_empty_and_a_required_one_stays_undefined() -> None:
    optional = Asking("question: Q\nfields:\n  - L: v\n    input type: radio\n    choices: [a]\n    required: False")
    optional.post({})
    assert optional.answers["v"] == ""
    required = Asking("question: Q\nfields:\n  - L: v\n    input type: radio\n    choices: [a]")
    required.post({})
    assert "v" not in required.answers


def test_boxes_become_a_gathered_dictionary() -> None:
    asking = Asking("question: Q\nfields:\n  - L: v\n    datatype: checkboxes\n    choices: [a, b]")
    assert post_boxes(asking, ["b"]).is_valid
    value = asking.answers["v"]
    assert value.elements == {"a": False, "b": True}
    assert value.gathered is True
    assert value.instanceName == "v"


def test_a_menu_of_several_takes_the_options_under_its_own_name() -> None:
    asking = Asking("question: Q\nfields:\n  - L: v\n    datatype: multiselect\n    choices: [a, b]")
    asking.post({"v": "b"})
    assert asking.answers["v"].elements == {"a": False, "b": True}


def test_no_box_ticked_is_an_answer_and_a_hidden_group_is_none() -> None:
    text = "question: Q\nfields:\n  - L: v\n    datatype: checkboxes\n    choices: [a, b]"
    asking = Asking(text)
    post_boxes(asking, [])
    assert asking.answers["v"].elements == {"a": False, "b": False}
    hidden = Asking(text)
    post_boxes(hidden, [], visible=())
    assert "v" not in hidden.answers


def test_an_object_is_saved_itself() -> None:
    ann, bob = DAObject("ann"), DAObject("bob")
    ann.name, bob.name = "Ann", "Bob"
    asking = Asking("question: Q\nfields:\n  - L: v\n    datatype: object\n    choices: [ann, bob]", ann=ann, bob=bob)
    key = next(choice.key for choice in asking.field().choices if choice.label_text == "Bob")
    assert asking.post({"v": key}).is_valid
    assert asking.answers["v"] is bob


def test_an_object_that_was_not_offered_is_refused() -> None:
    ann = DAObject("ann")
    ann.name = "Ann"
    asking = Asking("question: Q\nfields:\n  - L: v\n    datatype: object\n    choices: [ann]", ann=ann)
    result = asking.post({"v": "X2ludGVybmFs"})
    assert result.errors == {"v": "This choice is no longer available."}


def test_ticked_objects_are_appended_and_unticked_ones_removed() -> None:
    ann, bob = DAObject("ann"), DAObject("bob")
    ann.name, bob.name = "Ann", "Bob"
    before = DAList("v", elements=[ann], auto_gather=False)
    text = "question: Q\nfields:\n  - L: v\n    datatype: object_checkboxes\n    choices: [ann, bob]"
    asking = Asking(text, ann=ann, bob=bob, v=before)
    bob_key = next(choice.key for choice in asking.field().choices if choice.label_text == "Bob")
    assert post_boxes(asking, [bob_key]).is_valid
    assert asking.answers["v"].elements == [bob]


def test_dates_are_dates_of_the_library() -> None:
    asking = Asking("question: Q\nfields:\n  - L: v\n    datatype: date")
    asking.post({"v": "2026-05-05"})
    value = asking.answers["v"]
    assert type(value).__name__ == "DADateTime"
    assert value.date() == datetime.date(2026, 5, 5)


def test_pressing_enter_saves_the_continue_field() -> None:
    asking = Asking("question: Q\nfield: greeted")
    asking.post({}, visible=())
    assert asking.answers["greeted"] is True


def test_yes_no_buttons_save_their_value() -> None:
    asking = Asking("question: Q\nyesno: sure")
    asking.post({"sure": "False"})
    assert asking.answers["sure"] is False


@pytest.mark.parametrize(("function", "message"), [("is_even", "Please enter a valid value."), ("complain", "Too odd")])
def test_a_validate_function_refuses(function: str, message: str) -> None:
    def complain(value: int) -> bool:
        raise ValueError("Too odd")

    asking = Asking(
        f"question: Q\nfields:\n  - L: v\n    datatype: integer\n    validate: {function}",
        is_even=lambda value: value % 2 == 0,
        complain=complain,
    )
    assert asking.post({"v": "3"}).errors == {"v": message}


def test_what_a_validate_function_lacks_is_sought_before_the_screen_is_shown() -> None:
    asking = Asking("question: Q\nfields:\n  - L: v\n    validate: |\n      lambda value: value != forbidden")
    with pytest.raises(NameError):
        asking.screen()


def test_validation_code_sees_the_new_values_and_speaks_to_a_field_or_to_all() -> None:
    text = (
        "question: Q\nfields:\n  - L: v\n    datatype: integer\nvalidation code: |\n"
        "  if v > 10: validation_error('Too *big*')\n  if v < 0: validation_error('Too small', field='v')\n"
        "  if v == 5: raise Exception('Not <five>')"
    )
    helpers: dict[str, Any] = {"validation_error": validation_error}
    assert Asking(text, **helpers).post({"v": "7"}).is_valid
    assert Asking(text, **helpers).post({"v": "11"}).flash == "<p>Too <em>big</em></p>"
    assert Asking(text, **helpers).post({"v": "-1"}).errors == {"v": "Too small"}
    assert Asking(text, **helpers).post({"v": "5"}).flash == "<p>Not &lt;five&gt;</p>"


def test_a_mandatory_question_is_remembered_as_answered() -> None:
    asking = Asking("mandatory: True\nquestion: Q\nfields:\n  - L: v")
    asking.post({"v": "x"})
    assert asking.run.internal["answered"] == {"Question_1"}


def test_what_was_asked_for_by_an_action_is_taken_off_the_stack() -> None:
    asking = Asking("question: Q\nfields:\n  - L: v", Sought(name="v", variant="v"))
    stack = [{"action": name, "arguments": {}, "context": {}} for name in ("v", "w")]
    asking.run.internal["event_stack"][""] = stack
    asking.post({"v": "x"})
    assert [entry["action"] for entry in stack] == ["w"]


def test_only_variables_that_had_another_value_count_as_changed() -> None:
    asking = Asking("question: Q\nfields:\n  - A: a\n  - B: b\n  - C: c", a="old", b="same")
    assert asking.post({"a": "new", "b": "same", "c": "first"}).changed == ("a",)


def test_a_command_is_told_and_nothing_is_saved() -> None:
    asking = Asking("question: Q\nbuttons:\n  - Out: exit\n    url: https://x.y/\n  - On: continue")
    name = asking.screen().buttons[0].name
    result = asking.post({name: "0"})
    assert (result.command, result.command_url) == ("exit", "https://x.y/")
    assert asking.run.internal["answers"] == {}


def test_a_choice_is_remembered_by_its_place() -> None:
    asking = Asking("mandatory: True\nquestion: Q\nbuttons:\n  - Out: exit\n  - On: continue")
    asking.post({asking.screen().buttons[0].name: "1"})
    assert asking.run.internal["answers"] == {"Question_1": 1}
    assert asking.run.internal["answered"] == {"Question_1"}


def test_a_choice_that_was_not_on_offer_is_no_choice() -> None:
    asking = Asking("mandatory: True\nquestion: Q\nbuttons:\n  - Out: exit\n  - On: continue")
    asking.post({asking.screen().buttons[0].name: "99"})
    assert asking.run.internal["answers"] == {}
    assert asking.run.internal["answered"] == set()


def test_list_collect_gathers_the_list_with_the_last_post() -> None:
    fruit = DAList("fruit", object_type=DAObject, auto_gather=True)
    sought = Sought(name="fruit[0].name", variant="fruit[i].name", iterators=("0",))
    asking = Asking("question: Q\nfields:\n  - Name: fruit[i].name\nlist collect: True", sought, fruit=fruit)
    assert [one.list_index for one in asking.screen().fields if not one.is_spare] == [0]
    asking.post({"fruit[0].name": "apple", "_collect": "add"})
    assert [one.list_index for one in asking.screen().fields if not one.is_spare] == [0, 1]
    asking.post({"fruit[0].name": "apple", "fruit[1].name": "pear"})
    assert [one.name for one in fruit.elements] == ["apple", "pear"]
    assert fruit.there_is_another is False


class _Counted(DAObject):
    """As a class of an author's: it does something of its own for each object."""

    made = 0

    def init(self, *arguments: Any, **attributes: Any) -> None:
        _Counted.made += 1
        super().init(*arguments, **attributes)


def test_list_collect_makes_no_objects_of_a_class_with_a_constructor_of_its_own_in_reserve() -> None:
    fruit = DAList("fruit", object_type=_Counted, auto_gather=True)
    sought = Sought(name="fruit[0].name", variant="fruit[i].name", iterators=("0",))
    asking = Asking("question: Q\nfields:\n  - Name: fruit[i].name\nlist collect: True", sought, fruit=fruit)
    assert [one.is_spare for one in asking.screen().fields] == [False]
    assert _Counted.made == 1


def test_list_collect_asks_the_host_nothing_for_elements_in_reserve() -> None:
    asked: list[Any] = []

    class Asked:
        def call(self, request: Any, blobs: Any = None) -> Any:
            asked.append(request)
            return None, {}

    fruit = DAList("fruit", object_type=DAObject, auto_gather=True)
    sought = Sought(name="fruit[0].name", variant="fruit[i].name", iterators=("0",))
    text = "question: Q\nfields:\n  - Name ${ look_up() }: fruit[i].name\nlist collect: True"
    asking = Asking(text, sought, fruit=fruit, look_up=lambda: asking.run.host.call("look up"))
    asking.run.host = Asked()
    assert [one.is_spare for one in asking.screen().fields] == [False]
    assert asked == ["look up"]


def test_errors_without_a_field_stand_above_the_form() -> None:
    screen = Screen(kind="deadend")
    shown = with_errors(screen, FormResult(is_valid=False, errors={"elsewhere": "No <way>"}, flash="<p>All wrong</p>"))
    assert "All wrong" in shown.error_html
    assert "No &lt;way&gt;" in shown.error_html


def test_uploads_become_a_list_of_files_and_none_when_nothing_was_chosen() -> None:
    asking = Asking("question: Q\nfields:\n  - L: v\n    datatype: files")
    screen = asking.screen()
    assert screen.form is not None
    name = screen.form.fields[0].input_name
    file = PostedFile(name=name, number=7, filename="a.pdf", mimetype="application/pdf")
    with running(asking.run):
        assert apply_form(SubmitForm(form=screen.form, files=(file,)), asking.run).is_valid
        assert [(one.number, one.filename) for one in asking.answers["v"].elements] == [(7, "a.pdf")]
        assert apply_form(SubmitForm(form=screen.form), asking.run).is_valid
    assert asking.answers["v"] is None


def test_a_signature_is_required_unless_the_author_says_otherwise() -> None:
    assert Asking("question: Q\nsignature: v").post({}).errors == {"v": "You must sign your name to continue."}
    assert Asking("question: Q\nsignature: v\nrequired: False").post({}).is_valid


@pytest.mark.parametrize("expression", ["__import__('os').getpid()", "people.pop()", "1 if True else 2", "2; boom"])
def test_the_context_of_a_form_is_names_and_indices_only(expression: str) -> None:
    form = Form(question_name="Question_1", context={"x": expression})
    with pytest.raises(IllegalName):
        context_of(form)


def test_names_and_indices_are_a_context() -> None:
    form = Form(question_name="Question_1", context={"x": "people[0]", "i": "2", "j": "'key'", "k": "-1"})
    assert context_of(form).context == {"x": "people[0]", "i": "2", "j": "'key'"} | {"k": "-1"}
