"""The JSON form of a screen: what `json=1` gets, for front ends that are not our pages (spec/area2 §6.6, §11.4).

The classes are the contract. `python -m services.gateway.json_form --write` writes their JSON Schema to
`docs/integrators/`; without `--write` it says whether the one there is up to date. Fields are only ever added.
"""
# ruff: noqa: N815 - these names are older than this program

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "integrators" / "json-form.schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChoiceData(_Part):
    """One option of a field."""

    label: str = Field(description="HTML.")
    value: str = Field(description="What to post for it under the field's input_name.")
    input_name: str = Field("", description="Of check boxes and the like: post `True` under this name instead.")
    help: str = Field("", description="HTML.")
    default: bool = Field(False, description="It is chosen already.")
    group: str = ""
    color: str = ""


class ConditionData(_Part):
    """When a field is to be seen, or can be filled. A field that is not is not posted."""

    variable: str = Field("", description="The field that is watched, by its variable_name.")
    value: Any = Field(None, description="What its value is compared with.")
    javascript: str = Field("", description="Instead: an expression in JavaScript with `val('name')`.")
    sign: bool = Field(True, description="False: the field is to be seen while it does not hold.")
    only_enables: bool = Field(False, description="The field is always seen, and can be filled only then.")


class FieldData(_Part):
    """One item of a form. Notes and HTML between the inputs have no variable_name."""

    number: str
    variable_name: str = Field(description="For scripts and check-ins.")
    input_name: str = Field(description="Under this name its value is posted.")
    datatype: str
    inputtype: str = Field(description="text, area, radio, checkboxes, dropdown, date, file, note, …")
    label: str | None = Field(description="HTML.")
    required: bool
    disabled: bool = False
    default: Any = Field(None, description="Text of the input; True or False; a list of keys of a group.")
    hint: str = ""
    helptext: str = Field("", description="HTML.")
    note: str = Field("", description="HTML of notes and HTML items.")
    choices: tuple[ChoiceData, ...] = ()
    conditions: tuple[ConditionData, ...] = ()
    none_of_the_above: str | None = None
    all_of_the_above: str | None = None
    min: str | None = None
    max: str | None = None
    minlength: int | None = None
    maxlength: int | None = None
    step: str | None = None
    accept: str = Field("", description="Kinds of files it takes.")
    error: str = Field("", description="What was wrong with what was posted.")
    validation_messages: dict[str, str] = {}
    action: str = Field("", description="Of `ajax` inputs: the action that gives suggestions for `wordstart`.")
    list_index: int | None = Field(None, description="Which element of a list that is collected here it belongs to.")


class ButtonData(_Part):
    """A button. With `url` it is a link, with `action` it runs an action, else name and value are posted."""

    label: str = Field(description="HTML.")
    name: str = ""
    value: str = ""
    url: str = ""
    action: str = Field("", description="Post it as `_action`.")
    color: str = ""
    help: str = Field("", description="HTML.")


class LinkData(_Part):
    """An entry of the menu, a section, or a row of a review screen."""

    label: str = Field(description="HTML of sections and rows, text of menu entries.")
    url: str = ""
    action: str = Field("", description="Post it as `_action`.")
    html: str = Field("", description="What stands beside it, or instead of it.")
    is_current: bool = False


class HelpData(_Part):
    """One part of the help."""

    heading: str = ""
    content: str = Field(description="HTML.")


class DocumentData(_Part):
    """A document that can be downloaded."""

    name: str
    description: str = Field("", description="HTML.")
    urls: dict[str, str] = Field(description="Where it is, by format.")


class LogLine(_Part):
    """What interview code logged for the browser."""

    message: str
    priority: str


class ScreenData(_Part):
    """A screen, and all that is needed to answer it. Texts are HTML of the author's unless they say otherwise."""

    # What goes with every post
    i: str = Field(description="The interview.")
    session: str = Field(description="Post it as `_session`. A secret: for sessions of several people it is the key.")
    csrf_token: str = Field(description="Post it as `csrf_token`.")
    steps: int = Field(description="Post it as `_step`.")
    operation: str = Field(description="Post it as `_operation`: the same id sent again has no second effect.")
    back_operation: str = Field(description="The same for Back.")
    form: str = Field("", description="Post it as `_form` with the answers; empty when nothing is asked.")
    post_url: str
    # What is asked
    questionName: str
    questionType: str = Field(
        description="fields, yesno, continue, choices, buttons, deadend, signature, review, message or wait."
    )
    questionText: str
    subquestionText: str = Field(description='`<span class="da-embedded-field" data-input-name=…>`: an input\'s place.')
    underText: str = ""
    rightText: str = ""
    error: str = Field("", description="What was wrong with the answers as a whole.")
    fields: tuple[FieldData, ...] = ()
    buttons: tuple[ButtonData, ...] = Field((), description="Pressing one answers; without any there is a Continue.")
    continueLabel: str = ""
    continueName: str = Field("", description="Post it with continueValue when Continue is pressed.")
    continueValue: str = ""
    additional_buttons: tuple[ButtonData, ...] = Field((), description="`action buttons`.")
    review: tuple[LinkData, ...] = ()
    listCollect: Any = Field(
        None, description="Several elements of a list on one screen: count, labels, what may be done."
    )
    attachments: tuple[DocumentData, ...] = ()
    # Around it
    browser_title: str = Field(description="Plain text.")
    title: str
    subtitle: str = ""
    audio: tuple[tuple[str, str], ...] = Field((), description="Address and media type of each recording.")
    video: tuple[tuple[str, str], ...] = Field((), description="The same for films.")
    terms: dict[str, str] = Field({}, description="Definitions as HTML of the terms in the texts, by term.")
    autoterms: dict[str, str] = Field({}, description="The same for terms that are found by themselves.")
    lang: str
    dir: Literal["ltr", "rtl"]
    id_dict: dict[str, str] = Field(description="id and name of the question.")
    allow_going_back: bool
    messages: tuple[LogLine, ...] = Field((), description="Messages to be shown, as HTML.")
    message_log: tuple[LogLine, ...] = ()
    help: tuple[HelpData, ...] = ()
    helpLabel: str = Field("", description="Plain text.")
    menu_items: tuple[LinkData, ...] = ()
    sections: tuple[LinkData, ...] = ()
    progress: float | None = Field(None, description="Percent.")
    exit_link: str = ""
    exit_url: str = ""
    exit_label: str = Field("", description="Plain text.")
    # What happens by itself
    reload_after: int = Field(description="Milliseconds after which the screen is to be asked for again; 0: never.")
    check_in_url: str
    check_in_seconds: float = Field(description="How often to check in; 0: not at all.")
    do_action: str | None = Field(description="The check-in action of this screen.")
    version: int = Field(description="Version of the session, for the live connection.")
    watch: str = Field(description="Opens the live connection.")
    waits_for_tasks: tuple[str, ...] = ()
    extra_scripts: tuple[dict[str, str], ...] = Field((), description="Scripts of the author, for pages.")
    question_data: Any = Field(None, description="What the interview gives besides (`send question data`).")


class Command(_Part):
    """What a page is to do after a check-in."""

    action: str | None = None
    value: Any = None
    extra: str | None = Field(description="flash, refresh, javascript, fields or backgroundresponse; else ignore it.")
    notice: int | None = Field(None, description="Post it in `acknowledged` with the next check-in.")


class CheckInData(BaseModel):
    """The answer to a check-in; `action: reload` when the session is gone."""

    success: bool
    action: str | None = None
    commands: tuple[Command, ...] = ()
    checkin_code: str = ""
    version: int = 0
    steps: int = 0


class ErrorData(BaseModel):
    """What went wrong, in words; the HTTP status says the same."""

    success: Literal[False]
    action: Literal["error"]
    error: dict[str, Any] = Field(description="status, title, message, reason and, for authors, where.")
    is_retryable: bool = Field(description="The same can be sent again later, under the same `_operation`.")
    body: str = Field(description="HTML of it.")


def schema() -> dict[str, Any]:
    """The JSON Schema of everything a front end gets."""
    classes: list[type[BaseModel]] = [ScreenData, CheckInData, ErrorData]
    _, made = models_json_schema([(one, "serialization") for one in classes], ref_template="#/$defs/{model}")
    for one in made["$defs"].values():
        one.pop("additionalProperties", None)  # a later release may say more
    references = [{"$ref": f"#/$defs/{one.__name__}"} for one in classes]
    return {"$schema": _DIALECT, "title": "JSON form", "anyOf": references, **made}


def written() -> bytes:
    """The schema as it stands in the file."""
    return orjson.dumps(schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        SCHEMA.parent.mkdir(parents=True, exist_ok=True)
        SCHEMA.write_bytes(written())
    elif not SCHEMA.exists() or SCHEMA.read_bytes() != written():
        sys.exit("docs/integrators/json-form.schema.json is out of date: run this with --write.")
