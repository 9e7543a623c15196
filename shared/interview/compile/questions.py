"""Reader of `question` in all its styles (spec/area4 §2.3)."""

from __future__ import annotations

from typing import Any

from shared.interview.compile.attachments import read_attachments
from shared.interview.compile.blocks import (
    ChoiceQuestion,
    ContinueField,
    DeadEnd,
    Definer,
    DocumentsScreen,
    EmbeddedChoice,
    EmbeddedChoices,
    QuestionBlock,
    Signature,
    Style,
    YesNo,
)
from shared.interview.compile.choices import Nested, default_of, has_blocks, read_choices, read_embedded
from shared.interview.compile.declarations import read_help, read_terms
from shared.interview.compile.definers import FLOW_KEYS, finish, read_flow
from shared.interview.compile.expressions import Code, Flag, Text
from shared.interview.compile.fields import read_fields, read_messages
from shared.interview.compile.reading import Reading
from shared.interview.compile.reviews import read_action_buttons, read_review
from shared.interview.compile.screen_parts import OF_TRACKING, SCREEN_PARTS, TEXTS

DOCUMENT_OPTIONS = frozenset(
    {
        "allow downloading",
        "allow emailing",
        "always include editable files",
        "describe file types",
        "download all text",
        "email address default",
        "email body",
        "email html",
        "email subject",
        "email template",
        "include attachment notice",
        "include download tab",
        "manual attachment list",
        "zip filename",
    }
)
_DOCUMENT_FLAGS = frozenset(
    {
        "allow downloading",
        "allow emailing",
        "always include editable files",
        "describe file types",
        "include attachment notice",
        "include download tab",
        "manual attachment list",
    }
)
"""Those that are true or false: also by a Python expression, or by a text with Mako in it."""
_CHOICE_KEYS = {"choices": "radio", "buttons": "buttons", "dropdown": "dropdown", "combobox": "combobox"}
STYLES = (
    "yesno",
    "noyes",
    "yesnomaybe",
    "noyesmaybe",
    "fields",
    "buttons",
    "choices",
    "dropdown",
    "combobox",
    "signature",
    "review",
)
"""Answer styles exclude each other."""

QUESTION_KEYS = (
    FLOW_KEYS
    | SCREEN_PARTS
    | DOCUMENT_OPTIONS
    | frozenset(STYLES)
    | frozenset(
        {
            "action buttons",
            "attachment",
            "attachment code",
            "attachments",
            "audio",
            "auto terms",
            "back button",
            "breadcrumb",
            "check in",
            "continue button field",
            "datatype",
            "decoration",
            "default",
            "disable continue button",
            "field",
            "help",
            "hide continue button",
            "list collect",
            "pen color",
            "prevent going back",
            "progress",
            "question",
            "question metadata",
            "reload",
            "required",
            "section",
            "shuffle",
            "skip undefined",
            "subquestion",
            "tabular",
            "terms",
            "validation code",
            "validation messages",
            "video",
        }
    )
)


def read_question(reading: Reading, nested: Nested) -> Definer:
    """A question and how it is answered. Raises SourceError."""
    data = reading.data
    if "code" in data:
        raise reading.wrong("A block has either `question` or `code`, not both", data, "code")
    styles = [key for key in STYLES if key in data]
    if len(styles) > 1:
        raise reading.wrong(
            f"A question is answered in one way; this one has `{styles[0]}` and `{styles[1]}`", data, styles[1]
        )
    _warn_of_what_has_no_effect(reading)
    flow = read_flow(reading)
    question = reading.text(data, "question") or reading.text_of("", reading.position)
    subquestion = reading.text(data, "subquestion")
    continue_field = _continue_field(reading, styles)
    style = _style(reading, styles, continue_field, nested)
    modifiers = _texts(reading) | _behaviour(reading)
    key = "attachment" if "attachment" in data else "attachments"
    attachments = read_attachments(reading, key) if key in data else ()
    return QuestionBlock(
        **flow | finish(reading),
        **modifiers,
        question=question,
        subquestion=subquestion,
        style=style,
        continue_field=continue_field,
        attachments=attachments,
        attachment_code=reading.expression(data, "attachment code"),
        document_options={name: _document_option(reading, name) for name in DOCUMENT_OPTIONS if name in data},
        roles=reading.strings(data, "role"),
    )


def _continue_field(reading: Reading, styles: list[str]) -> str | None:
    data = reading.data
    if data.get("continue button field") is not None:
        return reading.defines_name(str(data["continue button field"]), data, "continue button field")
    if data.get("field") is not None and not any(style in _CHOICE_KEYS for style in styles):
        return reading.defines_name(str(data["field"]), data, "field")
    return None


def _style(reading: Reading, styles: list[str], continue_field: str | None, nested: Nested) -> Style:
    data = reading.data
    match styles[0] if styles else "":
        case "":
            if continue_field is not None:
                return ContinueField()
            has_documents = any(key in data for key in ("attachment", "attachments", "attachment code"))
            return DocumentsScreen() if has_documents else DeadEnd()
        case "fields":
            return read_fields(reading)
        case "review":
            return read_review(reading)
        case "signature":
            variable = reading.defines_name(str(data["signature"]), data, "signature")
            return Signature(
                variable=variable,
                is_required=reading.flag(data, "required", True),
                pen_color=reading.text(data, "pen color"),
            )
        case "yesno" | "noyes" | "yesnomaybe" | "noyesmaybe" as key:
            variable = reading.defines_name(str(data[key]), data, key)
            return YesNo(variable=variable, is_inverted=key.startswith("no"), has_maybe=key.endswith("maybe"))
        case key:
            return _choice_style(reading, key, nested)


def _warn_of_what_has_no_effect(reading: Reading) -> None:
    for key in reading.data:
        if key in OF_TRACKING:
            reading.warn(f"{key!r} is accepted, but has no effect: nobody is tracked here", reading.data, key)


def _choice_style(reading: Reading, key: str, nested: Nested) -> Style:
    data = reading.data
    if data.get("field") is None or has_blocks(reading, data, key):
        choices = read_embedded(reading, data, key, nested)
        for choice in choices:
            _adopt(reading, choice)
        if data.get("field") is not None:
            reading.defines_name(str(data["field"]), data, "field")
        return EmbeddedChoices(widget=_CHOICE_KEYS[key], choices=choices)
    variable = reading.defines_name(str(data["field"]), data, "field")
    return ChoiceQuestion(
        variable=variable,
        widget=_CHOICE_KEYS[key],
        choices=read_choices(reading, data, key),
        datatype=None if data.get("datatype") is None else str(data["datatype"]).strip(),
        default=default_of(reading, data),
        shuffle=reading.flag(data, "shuffle"),
        validation_messages=read_messages(reading, data),
    )


def _adopt(reading: Reading, choice: EmbeddedChoice) -> None:
    """What a nested block defines is found under the outer question."""
    if choice.block is not None:
        for name in choice.block.defines:
            reading.add_definition(name)
        reading.used |= choice.block.uses


def _texts(reading: Reading) -> dict[str, Any]:
    data = reading.data
    progress = data.get("progress")
    if progress is not None and (isinstance(progress, bool) or not isinstance(progress, (int, float))):
        raise reading.wrong("`progress` takes a number from 0 to 100, or null", data, "progress")
    return {
        "parts": {key: text for key in data if key in TEXTS and (text := reading.text(data, key)) is not None},
        "help": read_help(reading, "help") if data.get("help") is not None else None,
        "audio": reading.texts(data, "audio"),
        "video": reading.texts(data, "video"),
        "decorations": reading.texts(data, "decoration"),
        "terms": _terms(reading, "terms"),
        "auto_terms": _terms(reading, "auto terms"),
        "section": reading.text(data, "section"),
        "breadcrumb": reading.text(data, "breadcrumb"),
        "progress": None if progress is None else float(progress),
        "hides_progress": "progress" in data and progress is None,
        "metadata": reading.compiled(data.get("question metadata"), reading.at(data, "question metadata")),
    }


def _terms(reading: Reading, key: str) -> dict[str, Text]:
    if reading.data.get(key) is None:
        return {}
    return {term: reading.text_of(text, position) for term, (text, position) in read_terms(reading, key).items()}


def _behaviour(reading: Reading) -> dict[str, Any]:
    data = reading.data
    check_in = data.get("check in")
    if check_in is not None and not isinstance(check_in, str):
        raise reading.wrong("`check in` takes the name of an action", data, "check in")
    return {
        "prevents_going_back": reading.flag(data, "prevent going back"),
        "back_button": _optional_flag(reading, "back button"),
        "hides_continue": reading.flag(data, "hide continue button"),
        "disables_continue": reading.flag(data, "disable continue button"),
        "reload": data["reload"] if isinstance(data.get("reload"), bool) else reading.text(data, "reload"),
        "check_in": check_in,
        "action_buttons": read_action_buttons(reading),
        "validation_code": _validation_code(reading),
    }


def _validation_code(reading: Reading) -> Code | None:
    """`validation code`; the question is also found under what it computes from the answers."""
    if "validation code" not in reading.data:
        return None
    code = reading.code(reading.data, "validation code")
    for name in code.defines:
        reading.add_definition(name)
    return code


def _optional_flag(reading: Reading, key: str) -> Flag | None:
    return reading.flag(reading.data, key) if reading.data.get(key) is not None else None


def _document_option(reading: Reading, name: str) -> Any:
    """An option about documents, compiled."""
    value = reading.data[name]
    if name in _DOCUMENT_FLAGS and isinstance(value, str) and "${" not in value:
        words = value.strip().lower()
        return words == "yes" if words in ("yes", "no") else reading.expression(reading.data, name)
    return reading.compiled(value, reading.value_at(reading.data, name))
