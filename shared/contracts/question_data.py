"""The question of a session as data, for the HTTP API and for `get_question_data()` (spec/area2 §11.4). Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

from shared.contracts.screen import Button, Field, Screen, Section
from shared.contracts.visitor import RequestFacts, UserFacts

_TYPES = {
    "continue": "settrue",
    "choices": "multiple_choice",
    "buttons": "multiple_choice",
    "message": "deadend",
    "wait": "deadend",
}


def question_data(
    screen: Screen, steps: int, *, user: UserFacts, request: RequestFacts, session_code: str
) -> dict[str, Any]:
    """All that is needed to ask it. What is empty is left out, but for the few fields that are always there.

    `user` is who is told, `request` how, and `session_code` opens the session: menu and exit depend on them.
    """
    current = [one for one in _all_sections(screen.sections) if one.is_current]
    shown = [one for one in screen.fields if not one.is_spare]
    fields = [_field(one) for one in (*shown, *([screen.choices_field] if screen.choices_field else []))]
    always = {
        "questionType": _TYPES.get(screen.kind, screen.kind),
        "questionName": screen.question_name,
        "questionText": screen.question_html,
        "lang": screen.language,
        "steps": steps,
        "allow_going_back": screen.may_go_back,
        "message_log": [{"message": text, "priority": priority} for priority, text in (*screen.log, *screen.messages)],
        "event_list": list(screen.form.sought) if screen.form is not None else [],
        "fields": fields,
    }
    sometimes = {
        "browser_title": screen.tab_title_text,
        "title": screen.title_html,
        "short_title": screen.short_title_html,
        "display_title": screen.logo_html or screen.title_html,
        "subtitle": screen.subtitle_html,
        "exit_link": screen.exit_link,
        "exit_url": _exit_url(screen, request, session_code),
        "exit_label": screen.exit_label_text,
        "cornerBackButton": screen.corner_back_label_text,
        "questionBackButton": screen.back_label_text,
        "questionVariety": _variety(screen),
        "mandatory": (screen.form is not None and screen.form.is_mandatory) or None,
        "section": next((one.key for one in current), ""),
        "display_section": next((one.label_html for one in current), ""),
        "reload_after": None if screen.reload_seconds is None else round(screen.reload_seconds * 1000),
        "track_location": screen.tracks_location or None,
        "attributions": screen.attributions_html,
        "validation_error": screen.error_html,
        **_labels(screen),
        "id": screen.question_id,
        "question_variable_name": screen.continue_name and _variable_of(screen),
        "subquestionText": screen.subquestion_html,
        "underText": screen.under_html,
        "rightText": screen.right_html,
        "continueLabel": screen.continue_label_html,
        "decoration": screen.decoration_html,
        "audio": [list(one) for one in screen.audio],
        "video": [list(one) for one in screen.video],
        "terms": screen.terms,
        "autoterms": screen.auto_terms,
        "signaturePhrases": _signature_phrases(screen),
        "helpLabel": screen.help_label_text if screen.help else "",
        "helpText": [{"heading": one.heading_text, "content": one.content_html} for one in screen.help],
        "interviewHelpText": [
            {"heading": one.heading_text, "content": one.content_html} for one in screen.interview_help
        ],
        "choices": [_button(one) for one in screen.buttons],
        "additional_buttons": [_button(one) for one in screen.action_buttons],
        "listCollect": screen.list_collect,
        "progress": screen.progress,
        "attachments": [
            {
                "name": one.name_text,
                "description": one.description_html,
                "url": {kind: url for kind, url, _ in one.links},
                "number": one.numbers,
                **({"variable_name": one.variable} if one.variable else {}),
                "filename": one.filename,
                "filename_with_extension": {kind: name for kind, _, name in one.links},
                "valid_formats": [kind for kind, _, _ in one.links],
                "content": one.preview_html,
                "markdown": one.markdown_text,
            }
            for one in screen.documents
        ],
        "sections": [_section(one) for one in screen.sections if not one.is_hidden],
        "menu": {
            "top": _menu_top(screen, user, request),
            "items": [
                {"anchor": one.label_text, "href": one.url, **({"action": one.action} if one.action else {})}
                for one in screen.menu
            ],
        },
        "question_metadata": screen.data,
    }
    return {**always, **{name: value for name, value in sometimes.items() if value not in ("", None, [], {}, ())}}


def undefined_variable(name: str) -> dict[str, Any]:
    """A variable is needed that nothing in the interview defines: a program has to set it (spec/area2, appendix A)."""
    return {"questionType": "undefined_variable", "variable": name, "message_log": []}


_ANSWERS = {"True": "yesLabel", "False": "noLabel", "None": "maybeLabel"}


def _labels(screen: Screen) -> dict[str, str]:
    """What the buttons of a question say that is answered by yes, no or maybe."""
    if not screen.kind.startswith(("yesno", "noyes")):
        return {}
    return {_ANSWERS[one.value]: one.label_html for one in screen.buttons if one.value in _ANSWERS}


def _variety(screen: Screen) -> str:
    """How the choices of a question are shown."""
    if screen.choices_field is not None:
        return screen.choices_field.input_type
    return "buttons" if screen.kind == "buttons" else ""


def _signature_phrases(screen: Screen) -> dict[str, str]:
    """What a front end says itself around a signature, in the language of the screen."""
    if screen.kind != "signature":
        return {}
    phrases = {"clear": "Clear", "noSignature": "You must sign your name to continue."}
    return {name: screen.phrases.get(phrase, phrase) for name, phrase in phrases.items()}


def _menu_top(screen: Screen, user: UserFacts, request: RequestFacts) -> dict[str, str]:
    """What stands at the top of the menu: who is signed in, or the way to sign in."""
    if user.is_authenticated:
        return {"anchor": user.email or f"{user.firstname} {user.lastname}".strip()}
    if not screen.shows_login:
        return {"anchor": screen.phrases.get("Menu", "Menu")}
    query = urlencode({"next": "/interview?" + urlencode({"i": screen.interview})})
    return {"anchor": screen.phrases.get("Sign in", "Sign in"), "href": f"{request.url_root}user/sign-in?{query}"}


def _exit_url(screen: Screen, request: RequestFacts, session_code: str) -> str:
    if not screen.exit_link:
        return ""
    how = "exit" if "exit" in screen.exit_link else "leave"
    return f"{request.url_root}{how}?{urlencode({'i': screen.interview, 'session': session_code})}"


def _all_sections(sections: Iterable[Section]) -> Iterator[Section]:
    """Those within come first: the innermost is where somebody is."""
    for section in sections:
        yield from _all_sections(section.subsections)
        yield section


def _variable_of(screen: Screen) -> str:
    in_reserve = {one.variable for one in screen.fields if one.is_spare}
    asked = screen.form.fields if screen.form is not None else ()
    found = [one.variable for one in asked if one.variable not in in_reserve]
    return found[0] if len(found) == 1 else ""


def _field(field: Field) -> dict[str, Any]:
    told = {
        "number": field.number,
        "variable_name": field.variable,
        "variable_name_encoded": base64.b64encode(field.variable.encode()).decode().rstrip("=")
        if field.variable
        else "",
        "datatype": field.datatype,
        "inputtype": field.input_type,
        "fieldtype": "" if field.variable else field.input_type,
        "label": field.label_html,
        "default": field.default,
        "hint": field.hint,
        "helptext": field.help_html,
        "html": field.html,
        "choices": [
            {
                "label": one.label_html,
                "value": one.key,
                **({"help": one.help_html} if one.help_html else {}),
                **({"default": True} if one.selected else {}),
                **({"color": one.color} if one.color else {}),
                **({"group": one.group} if one.group else {}),
            }
            for one in field.choices
        ],
        "min": field.minimum,
        "max": field.maximum,
        "minlength": field.minlength,
        "maxlength": field.maxlength,
        "step": field.step,
        "accept": field.accept,
        "validation_messages": field.validation_messages,
        "none_of_the_above": field.none_of_the_above,
        "all_of_the_above": field.all_of_the_above,
        "note": field.html if field.input_type == "note" else "",
        "rows": field.rows,
        "under_text": field.under_html,
        "currency_symbol": field.currency_symbol,
        "conditions": [one.model_dump(mode="json") for one in field.conditions],
        **_shown_if(field),
    }
    kept = {name: value for name, value in told.items() if value not in ("", None, [], {}, ())}
    return {**kept, "required": field.required, "active": True, "disabled": field.disabled}


def _shown_if(field: Field) -> dict[str, Any]:
    """The first condition, in the words of old: variable and value, or an expression of JavaScript."""
    condition = next((one for one in field.conditions if not one.only_enables), None)
    if condition is None:
        return {}
    told: dict[str, Any] = {"show_if_sign": int(condition.sign)}
    if condition.javascript:
        return {**told, "show_if_js": {"expression": condition.javascript}}
    return {**told, "show_if_var": condition.variable, "show_if_val": condition.value}


def _button(button: Button) -> dict[str, Any]:
    told = {
        "label": button.label_html,
        "value": button.value,
        "href": button.url,
        "action": button.action,
        "color": button.color,
        "help": button.help_html,
    }
    return {name: value for name, value in told.items() if value}


def _section(section: Section) -> dict[str, Any]:
    return {
        "key": section.key,
        "label": section.label_html,
        "is_current": section.is_current,
        "subsections": [_section(one) for one in section.subsections if not one.is_hidden],
    }
