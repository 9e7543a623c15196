"""The question of a session as data: the documented keys, literally (spec/area2 §11.4 and appendix A)."""

from __future__ import annotations

from typing import Any

from shared.contracts.question_data import question_data, undefined_variable
from shared.contracts.screen import (
    Button,
    Choice,
    Condition,
    Document,
    Field,
    Form,
    FormField,
    MenuItem,
    Screen,
    Section,
)
from shared.contracts.visitor import RequestFacts, UserFacts

SOMEBODY = UserFacts(is_anonymous=False, is_authenticated=True, the_user_id="7", email="ann@example.org")
REQUEST = RequestFacts(url_root="https://forms.example.org/")


def told(screen: Screen, steps: int, user: UserFacts = SOMEBODY) -> dict[str, Any]:
    return question_data(screen, steps, user=user, request=REQUEST, session_code="c" * 32)


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
    assert told(screen, 3) == {
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
        "menu": {"top": {"anchor": "ann@example.org"}, "items": []},
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
                "active": True,
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
                "active": True,
                "disabled": False,
            },
            {
                "number": "2",
                "datatype": "text",
                "inputtype": "note",
                "fieldtype": "note",
                "html": "<p>A note.</p>",
                "note": "<p>A note.</p>",
                "required": False,
                "active": True,
                "disabled": False,
            },
        ],
    }


def test_a_question_of_yes_and_no_says_what_its_buttons_say() -> None:
    buttons = (Button(label_html="Sure", value="True"), Button(label_html="No way", value="False"))
    found = told(Screen(kind="yesno", question_html="Sure?", buttons=buttons), 1)
    assert (found["questionType"], found["yesLabel"], found["noLabel"]) == ("yesno", "Sure", "No way")
    assert "maybeLabel" not in found


def test_documents_are_told_by_format_with_address_and_name() -> None:
    document = Document(
        name_text="Letter",
        filename="letter",
        variable="letter",
        numbers={"pdf": 1, "docx": 2},
        links=(("pdf", "/uploadedfile/1.pdf", "letter.pdf"), ("docx", "/uploadedfile/2.docx", "letter.docx")),
        preview_html="<p>Dear</p>",
    )
    [found] = told(Screen(kind="deadend", documents=(document,)), 1)["attachments"]
    assert found == {
        "name": "Letter",
        "description": "",
        "url": {"pdf": "/uploadedfile/1.pdf", "docx": "/uploadedfile/2.docx"},
        "number": {"pdf": 1, "docx": 2},
        "variable_name": "letter",
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


def test_the_menu_says_who_is_signed_in_or_where_to_sign_in() -> None:
    screen = Screen(
        kind="continue", interview="a:data/questions/b.yml", menu=(MenuItem(label_text="Help", url="/help"),)
    )
    assert told(screen, 1)["menu"] == {
        "top": {"anchor": "ann@example.org"},
        "items": [{"anchor": "Help", "href": "/help"}],
    }
    where = "https://forms.example.org/user/sign-in?next=%2Finterview%3Fi%3Da%253Adata%252Fquestions%252Fb.yml"
    assert told(screen, 1, UserFacts())["menu"]["top"] == {"anchor": "Sign in", "href": where}
    hidden = screen.model_copy(update={"shows_login": False, "phrases": {"Menu": "Menü"}})
    assert told(hidden, 1, UserFacts())["menu"]["top"] == {"anchor": "Menü"}


def test_the_way_out_is_an_address_of_the_session() -> None:
    screen = Screen(kind="continue", interview="a:data/questions/b.yml", exit_link="exit", exit_label_text="Go")
    found = told(screen, 1)
    query = "i=a%3Adata%2Fquestions%2Fb.yml&session=" + "c" * 32
    assert (found["exit_link"], found["exit_label"]) == ("exit", "Go")
    assert found["exit_url"] == f"https://forms.example.org/exit?{query}"
    leaving = told(screen.model_copy(update={"exit_link": "leave"}), 1)
    assert leaving["exit_url"] == f"https://forms.example.org/leave?{query}"
    assert "exit_url" not in told(Screen(kind="continue"), 1)


def test_a_signature_is_told_with_what_is_said_around_it() -> None:
    screen = Screen(kind="signature", phrases={"Clear": "Löschen"})
    assert told(screen, 1)["signaturePhrases"] == {
        "clear": "Löschen",
        "noSignature": "You must sign your name to continue.",
    }


def test_recordings_and_terms_are_told_apart_from_the_text() -> None:
    screen = Screen(
        kind="continue",
        audio=(("/a.mp3", "audio/mpeg"),),
        video=(("/v.mp4", "video/mp4"), ("/v.ogv", "video/ogg")),
        terms={"lien": "<p>A claim.</p>"},
        auto_terms={"fruit": "<p>Sweet.</p>"},
    )
    found = told(screen, 1)
    assert found["audio"] == [["/a.mp3", "audio/mpeg"]]
    assert found["video"] == [["/v.mp4", "video/mp4"], ["/v.ogv", "video/ogg"]]
    assert (found["terms"], found["autoterms"]) == ({"lien": "<p>A claim.</p>"}, {"fruit": "<p>Sweet.</p>"})


def test_elements_in_reserve_do_not_hide_the_variable_of_a_question() -> None:
    fields = tuple(
        Field(number=f"{place}_0", variable=f"fruit[{place}].name", datatype="text", input_type="text",
              label_html="Name", required=True, list_index=place, is_spare=place > 0)
        for place in range(3)
    )  # fmt: skip
    form = Form(
        question_name="ID fruit",
        fields=tuple(FormField(input_name=field.number, variable=field.variable) for field in fields),
    )
    found = told(Screen(kind="fields", fields=fields, form=form, continue_name="x"), 1)
    assert found["question_variable_name"] == "fruit[0].name"
    assert [field["variable_name"] for field in found["fields"]] == ["fruit[0].name"]
