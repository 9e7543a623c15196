"""The question of a session as data: the documented keys, literally (spec/area2 §11.4 and appendix A)."""

from __future__ import annotations

from shared.contracts.question_data import question_data, undefined_variable
from shared.contracts.screen import Button, Choice, Condition, Document, Field, Form, FormField, Screen, Section


def test_a_form_is_told_with_all_that_is_needed_to_fill_it_in() -> None:
    screen = Screen(
        kind="fields",
        question_name="ID intro",
        question_id="intro",
        question_html="Which fruit?",
        subquestion_html="<p>Choose.</p>",
        tab_title_text="Fruit",
        title_html="Fruit",
        continue_label_html="Continue",
        continue_name="_continue",
        form=Form(
            question_name="ID intro",
            sought=("favorite_fruit",),
            fields=(FormField(input_name="x", variable="favorite_fruit"), FormField(input_name="y", variable="why")),
            is_mandatory=True,
        ),
        fields=(
            Field(
                number="0",
                variable="favorite_fruit",
                datatype="text",
                input_type="radio",
                label_html="Fruit",
                choices=(
                    Choice(key="apple", label_html="Apple", selected=True, help_html="red"),
                    Choice(key="fig", label_html="Fig"),
                ),
            ),
            Field(
                number="1",
                variable="why",
                datatype="area",
                input_type="area",
                label_html="Why?",
                required=False,
                rows=5,
                maxlength=100,
                validation_messages={"maxlength": "Too long."},
                conditions=(Condition(variable="favorite_fruit", value="fig", sign=False),),
            ),
            Field(number="2", input_type="note", html="<p>A note.</p>", required=False),
        ),
        sections=(Section(key="a", label_html="A", subsections=(Section(key="b", label_html="B", is_current=True),)),),
        reload_seconds=10,
        tracks_location=True,
        log=(("console", "Hello"),),
        may_go_back=False,
    )
    assert question_data(screen, 3) == {
        "questionType": "fields",
        "questionName": "ID intro",
        "questionText": "Which fruit?",
        "subquestionText": "<p>Choose.</p>",
        "lang": "en",
        "steps": 3,
        "allow_going_back": False,
        "message_log": [{"message": "Hello", "priority": "console"}],
        "event_list": ["favorite_fruit"],
        "id": "intro",
        "browser_title": "Fruit",
        "title": "Fruit",
        "display_title": "Fruit",
        "continueLabel": "Continue",
        "mandatory": True,
        "section": "b",
        "display_section": "B",
        "sections": [
            {
                "key": "a",
                "label": "A",
                "is_current": False,
                "subsections": [{"key": "b", "label": "B", "is_current": True, "subsections": []}],
            }
        ],
        "reload_after": 10000,
        "track_location": True,
        "fields": [
            {
                "number": "0",
                "variable_name": "favorite_fruit",
                "variable_name_encoded": "ZmF2b3JpdGVfZnJ1aXQ",
                "datatype": "text",
                "inputtype": "radio",
                "label": "Fruit",
                "choices": [
                    {"label": "Apple", "value": "apple", "help": "red", "default": True},
                    {"label": "Fig", "value": "fig"},
                ],
                "required": True,
                "disabled": False,
            },
            {
                "number": "1",
                "variable_name": "why",
                "variable_name_encoded": "d2h5",
                "datatype": "area",
                "inputtype": "area",
                "label": "Why?",
                "rows": 5,
                "maxlength": 100,
                "validation_messages": {"maxlength": "Too long."},
                "conditions": [
                    {
                        "variable": "favorite_fruit",
                        "value": "fig",
                        "javascript": "",
                        "sign": False,
                        "only_enables": False,
                    }
                ],
                "show_if_sign": 0,
                "show_if_var": "favorite_fruit",
                "show_if_val": "fig",
                "required": False,
                "disabled": False,
            },
            {
                "number": "2",
                "datatype": "text",
                "inputtype": "note",
                "html": "<p>A note.</p>",
                "note": "<p>A note.</p>",
                "required": False,
                "disabled": False,
            },
        ],
    }


def test_a_question_of_yes_and_no_says_what_its_buttons_say() -> None:
    buttons = (Button(label_html="Sure", value="True"), Button(label_html="No way", value="False"))
    told = question_data(Screen(kind="yesno", question_html="Sure?", buttons=buttons), 1)
    assert (told["questionType"], told["yesLabel"], told["noLabel"]) == ("yesno", "Sure", "No way")
    assert "maybeLabel" not in told


def test_documents_are_told_by_format_with_address_and_name() -> None:
    document = Document(
        name_text="Letter",
        filename="letter",
        links=(("pdf", "/uploadedfile/1.pdf", "letter.pdf"), ("docx", "/uploadedfile/2.docx", "letter.docx")),
        preview_html="<p>Dear</p>",
    )
    [told] = question_data(Screen(kind="deadend", documents=(document,)), 1)["attachments"]
    assert told == {
        "name": "Letter",
        "description": "",
        "url": {"pdf": "/uploadedfile/1.pdf", "docx": "/uploadedfile/2.docx"},
        "filename": "letter",
        "filename_with_extension": {"pdf": "letter.pdf", "docx": "letter.docx"},
        "valid_formats": ["pdf", "docx"],
        "content": "<p>Dear</p>",
        "markdown": "",
    }


def test_a_variable_that_nothing_defines_is_told_and_nothing_else() -> None:
    assert undefined_variable("favorite_number") == {
        "questionType": "undefined_variable",
        "variable": "favorite_number",
        "message_log": [],
    }
