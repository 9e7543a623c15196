"""What a field says when it is filled wrongly (spec/area4 §5.6). `%s` receives the limit or the label."""

from __future__ import annotations

from typing import Any

from shared.contracts.screen import Field
from shared.interview.compile.blocks import FieldItem
from shared.interview.library.dates import format_date
from shared.interview.screen.field_types import FILES, NUMBERS
from shared.interview.screen.texts import Scene

_REQUIRED_BY_INPUT = {
    "radio": ("multiple choice required", "You need to select one."),
    "dropdown": ("multiple choice required", "You need to select one."),
    "multiselect": ("multiple choice required", "You need to select one."),
    "combobox": ("combobox required", "You need to select one or type in a new value."),
    "datalist": ("combobox required", "You need to select one or type in a new value."),
    "ajax": ("combobox required", "You need to select one or type in a new value."),
    "checkboxes": ("checkboxes required", "Check at least one option, or check “%s”"),
}
_NUMBER = ("number", "You need to enter a number.")
_WHOLE_NUMBER = ("integer", "Please enter a whole number.")
_BY_INPUT = {
    "date": ("date", "You need to enter a valid date."),
    "time": ("time", "You need to enter a valid time."),
    "datetime-local": ("datetime", "You need to enter a valid date and time."),
    "email": ("email", "You need to enter a complete e-mail address."),
    "url": ("url", "You need to enter a valid URL."),
}
_LIMITS = {
    "min": "You need to enter a number that is at least %s.",
    "max": "You need to enter a number that is no more than %s.",
    "minlength": "You must type at least %s characters.",
    "maxlength": "You cannot type more than %s characters.",
    "step": "Please enter a multiple of %s.",
}
_BOX_LIMITS = {
    "minlength": ("checkatleast", "Please select at least %s."),
    "maxlength": ("checkatmost", "Please select no more than %s."),
}
_DATE_LIMITS = {
    "min": "You need to enter a date on or after %s.",
    "max": "You need to enter a date on or before %s.",
}
_TYPED = frozenset({"text", "area", "password", "tel", "url", "email"})
INVALID_VALUE = "Please enter a valid value."


class Messages:
    """The texts of one field: its own `validation messages`, then the interview's, then the built-in ones."""

    def __init__(self, item: FieldItem | None, scene: Scene) -> None:
        self._scene = scene
        self._own = {rule: scene.plain(text) for rule, text in item.validation_messages.items()} if item else {}
        tables = scene.run.interview.validation_messages
        self._general = {**tables.get("*", {}), **tables.get(scene.run.language, {})}

    def text(self, rule: str, phrase: str, limit: str = "") -> str:
        """The message of a rule, with its limit filled in."""
        if rule in self._own:
            found = self._own[rule]
        elif rule in self._general:
            found = self._scene.plain(self._general[rule])
        else:
            found = self._scene.word(phrase)
        return found.replace("%s", limit)

    def of_field(self, field: Field, limits: dict[str, str]) -> dict[str, str]:
        """Every message the page may need for this field, by rule."""
        found: dict[str, str] = {}
        if field.required:
            found["required"] = _required(self, field)
        if field.uncheck_others:
            phrase = _REQUIRED_BY_INPUT["checkboxes"][1]
            found["checkboxes required"] = self.text("checkboxes required", phrase, field.label_text)
        for rule, phrase in _kinds(field):
            found[rule] = self.text(rule, phrase)
        for limit, value in limits.items():
            if field.input_type in {"checkboxes", "multiselect"} and limit in _BOX_LIMITS:
                rule, phrase = _BOX_LIMITS[limit]
                found[rule] = self.text(rule, phrase, value)
            elif field.input_type in {"date", "datetime-local"} and limit in _DATE_LIMITS:
                found[f"{limit}date"] = self.text(f"date {limit}", _DATE_LIMITS[limit], format_date(value) or value)
            elif limit in _LIMITS:
                found[limit] = self.text(limit, _LIMITS[limit], value)
        if limits.get("minlength") and limits.get("minlength") == limits.get("maxlength") and "checkatleast" in found:
            exactly = self.text("checkexactly", "Please select exactly %s.", limits["minlength"])
            found |= {"checkatleast": exactly, "checkatmost": exactly, "checkexactly": exactly}
        return found


def _kinds(field: Field) -> list[tuple[str, str]]:
    """The rules of what may be typed at all, with their messages."""
    if field.input_type in NUMBERS or field.datatype in NUMBERS:
        is_whole = "integer" in (field.input_type, field.datatype)
        return [_NUMBER, _WHOLE_NUMBER] if is_whole else [_NUMBER]
    return [_BY_INPUT[field.input_type]] if field.input_type in _BY_INPUT else []


def limits_of(field: Field) -> dict[str, list[str]]:
    """The rules that the server holds a posted value to as well as the page: rule → [limit, message]."""
    found: dict[str, Any] = {}
    if field.input_type in _TYPED:
        found = {"minlength": field.minlength, "maxlength": field.maxlength}
    if field.input_type == "email":
        found["email"] = ""
    if field.datatype in NUMBERS and field.input_type in NUMBERS | _TYPED:
        found |= {"min": field.minimum, "max": field.maximum}
    if field.input_type == "date":
        found = {"mindate": field.minimum, "maxdate": field.maximum}
    said = field.validation_messages
    return {rule: [str(limit), said[rule]] for rule, limit in found.items() if limit is not None and rule in said}


def box_limits(limits: dict[str, str], input_type: str) -> dict[str, str]:
    """How many boxes of a group may be ticked, for the page to check: `checkatleast`, `checkatmost`, `checkexactly`."""
    if input_type not in {"checkboxes", "multiselect"}:
        return {}
    found = {rule: limits[name] for name, (rule, _) in _BOX_LIMITS.items() if name in limits}
    if "checkatleast" in found and found.get("checkatmost") == found["checkatleast"]:
        return {"checkexactly": found["checkatleast"]}
    return found


def _required(messages: Messages, field: Field) -> str:
    if field.input_type in FILES:
        return messages.text("file required", "You must provide a file.")
    if field.input_type == "checkboxes" and not field.none_of_the_above:
        return messages.text("multiple choice required", "You need to select one.")
    if field.input_type in _REQUIRED_BY_INPUT:
        rule, phrase = _REQUIRED_BY_INPUT[field.input_type]
        return messages.text(rule, phrase, field.none_of_the_above or "")
    return messages.text("required", "This field is required.")
