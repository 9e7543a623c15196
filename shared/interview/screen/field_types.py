"""Which input a datatype is shown as, by which rule its post is read, whether it must be filled (spec/area4 §2.5)."""

from __future__ import annotations

from typing import cast

from shared.contracts.screen import InputType
from shared.interview.compile.blocks import FieldItem

SINGLE_BOXES = frozenset({"yesno", "noyes", "yesnowide", "noyeswide"})
TRUTH_RADIOS = frozenset({"yesnoradio", "noyesradio"})
MAYBE_RADIOS = frozenset({"yesnomaybe", "noyesmaybe"})
GROUPS = frozenset({"checkboxes", "multiselect", "object_checkboxes", "object_multiselect"})
OBJECTS = frozenset({"object", "object_radio", "object_checkboxes", "object_multiselect"})
CHOICE_INPUTS = frozenset({"radio", "dropdown", "combobox", "datalist", "checkboxes", "multiselect"})
OPEN_CHOICES = frozenset({"combobox", "datalist", "ajax"})
"""Inputs that take what is not among the choices: an empty list is no reason to skip the question."""
FILES = frozenset({"file", "files", "camera", "user", "environment", "camcorder", "microphone"})
NUMBERS = frozenset({"integer", "number", "float", "currency", "range"})

_SYNONYMS = {
    "pulldown": "dropdown",
    "select": "dropdown",
    "textarea": "area",
    "datetime": "datetime-local",
    "float": "number",
    "boolean": "radio",
    "threestate": "radio",
    "object": "dropdown",
    "object_radio": "radio",
    "object_checkboxes": "checkboxes",
    "object_multiselect": "multiselect",
    "yesnoradio": "radio",
    "noyesradio": "radio",
    "yesnomaybe": "radio",
    "noyesmaybe": "radio",
    "raw": "text",
    "ml": "text",
    "mlarea": "area",
}
_INPUT_TYPES = frozenset(
    {
        "text", "area", "integer", "number", "currency", "date", "time", "datetime-local", "email", "password", "url",
        "tel", "color", "hidden", "yesno", "yesnowide", "noyes", "noyeswide", "radio", "checkboxes", "multiselect",
        "dropdown", "combobox", "datalist", "ajax", "range", *FILES,
    }
)  # fmt: skip
LEARNING = frozenset({"ml", "mlarea"})
"""Texts that are saved as a DAModel."""
_WIDGETS_WITH_TEXT = frozenset(
    {"area", "radio", "dropdown", "pulldown", "combobox", "datalist", "ajax", "hidden", "mlarea", "ml"}
)


def input_type_of(item: FieldItem, *, has_choices: bool) -> InputType:
    """How the page asks for it: the author's `input type`, else what the datatype and the choices suggest."""
    wanted = item.input_type
    if not wanted:
        wanted = item.datatype
        if has_choices and _SYNONYMS.get(wanted, wanted) not in CHOICE_INPUTS | OPEN_CHOICES:
            wanted = "dropdown"
    wanted = _SYNONYMS.get(wanted, wanted)
    return cast("InputType", wanted) if wanted in _INPUT_TYPES else "text"


def datatype_of(item: FieldItem) -> str:
    """The rule its post is read by; names that only speak of the widget mean text."""
    datatype = item.datatype
    if datatype in SINGLE_BOXES | TRUTH_RADIOS:
        return "boolean"
    if datatype in MAYBE_RADIOS:
        return "threestate"
    if datatype in _WIDGETS_WITH_TEXT:
        return "text"
    if datatype == "text" and item.input_type in GROUPS:
        return item.input_type
    return datatype


def is_required_by_default(item: FieldItem, input_type: str) -> bool:
    """Boxes, sliders, hidden inputs and what only spares other fields may be left alone; all else must be filled."""
    return (
        not item.disable_others
        and item.datatype not in SINGLE_BOXES
        and input_type not in SINGLE_BOXES | {"range", "hidden"}
    )


def absent_value(datatype: str, input_type: str, *, is_required: bool) -> str | None:
    """What to assume when a visible input posts nothing (spec/area4 §5.3 step 2); None: leave the variable alone."""
    if input_type in {"noyes", "noyeswide"}:
        return "True"
    if input_type in SINGLE_BOXES:
        return "False"
    if input_type != "radio" or is_required:
        return None
    if datatype == "integer":
        return "0"
    if datatype in NUMBERS:
        return "0.0"
    return "" if datatype in {"text", "raw", "email"} else "None"
