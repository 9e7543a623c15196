"""Reader of `fields` (spec/area4 §2.5)."""

from __future__ import annotations

import ast
from typing import Any

from shared.interview.compile.blocks import FieldItem, Fields
from shared.interview.compile.choices import default_of, read_choices
from shared.interview.compile.expressions import Condition, Expression, Flag, Text
from shared.interview.compile.reading import Reading
from shared.interview.errors import Position, SourceError
from shared.interview.source.documents import Mapping

GROUPS = frozenset({"checkboxes", "multiselect", "object_checkboxes", "object_multiselect"})
_OBJECTS = frozenset({"object", "object_radio", "object_checkboxes", "object_multiselect"})
_LEARNING = frozenset({"ml", "mlarea"})
_LIMITS = ("min", "max", "minlength", "maxlength", "step", "scale")
_CONDITIONS = {
    "show if": (True, False),
    "hide if": (False, False),
    "enable if": (True, True),
    "disable if": (False, True),
}
"""(sign, only enables) by key; each has a `js ` form."""
_NO_LABEL = "no label"
_TEXTS = frozenset(
    {
        "accept",
        "currency symbol",
        "file css class",
        "floating label",
        "image upload type",
        "inline width",
        "item grid",
        "maximum image size",
        "rows",
        "trigger at",
        "action",
    }
)
_EXPRESSIONS = frozenset(
    {
        "object labeler", "help generator", "image generator", "persistent", "private", "keep for training",
    }
)  # fmt: skip
_OWN_KEYS = frozenset(
    {
        "all of the above",
        "check others",
        "choices",
        "code",
        "css class",
        "datatype",
        "default",
        "disable others",
        "disabled",
        "exclude",
        "field",
        "group",
        "help",
        "hint",
        "html",
        "input type",
        "label",
        "none of the above",
        "note",
        "raw html",
        "required",
        "shuffle",
        "uncheck others",
        "under text",
        "validate",
        "validation messages",
        *_LIMITS,
        *_CONDITIONS,
        *(f"js {key}" for key in _CONDITIONS),
    }
)
_OTHER_KEYS = frozenset(
    {
        "address autocomplete",
        "allow privileges",
        "allow users",
        "extras",
        "field metadata",
        "grid",
        "inline",
        "keep for training",
        "label above field",
        "object to list",
        "using",
        *_TEXTS,
        *_EXPRESSIONS,
    }
)


_LIST_COLLECT_KEYS = frozenset({"add another label", "allow append", "allow delete", "enable", "is final", "label"})


def read_fields(reading: Reading) -> Fields:
    """The items of `fields`, which registers what they save."""
    items: list[FieldItem] = []
    for number, (item, position) in enumerate(reading.items(reading.data, "fields")):
        try:
            items.append(read_field(reading, item, position, str(number)))
        except SourceError as problem:
            reading.tolerate(problem)
            reading.scope.has_lost_names = True
    return Fields(items=tuple(items), list_collect=_list_collect(reading))


def _list_collect(reading: Reading) -> Any:
    if "list collect" not in reading.data:
        return None
    value = reading.data["list collect"]
    if isinstance(value, bool):
        return {"enable": value} if value else None
    if isinstance(value, Mapping):
        reading.check_keys(value, _LIST_COLLECT_KEYS, "`list collect`")
        compiled: dict[str, Any] = {"enable": True}
        for key, item in value.items():
            compiled[key] = reading.text(value, key) if key in {"label", "add another label"} else item
            if key in {"enable", "is final", "allow append", "allow delete"} and not isinstance(item, bool):
                compiled[key] = reading.expression(value, key)
        return compiled
    return {"enable": reading.expression(reading.data, "list collect")}


def read_field(reading: Reading, item: Any, position: Position, number: str) -> FieldItem:
    """One item of `fields`; also for the mappings that `code` items compute. Raises SourceError."""
    if not isinstance(item, Mapping):
        raise SourceError("An item of `fields` is written `Label: variable`", position)
    if "code" in item and len(item) == 1:
        return FieldItem(position=position, number=number, kind="code", code=reading.expression(item, "code"))
    label, variable, has_label = _label_and_variable(reading, item, position)
    for kind in ("note", "html", "raw html"):
        if kind in item and variable is None:
            return FieldItem(
                position=position,
                number=number,
                kind=kind,
                content=reading.text(item, kind) or reading.text_of("", position),
                conditions=_conditions(reading, item),
                css_class=reading.text(item, "css class"),
                options=_options(reading, item),
            )
    if variable is None:
        raise SourceError("This item of `fields` names no variable to save to", position)
    return _field(reading, item, position, number, label, has_label, variable)


def _field(
    reading: Reading,
    item: Mapping,
    position: Position,
    number: str,
    label: Text | None,
    has_label: bool,
    variable: str,
) -> FieldItem:
    datatype = _datatype(item)
    has_objects = datatype in _OBJECTS and "choices" in item
    choices = read_choices(reading, item, "choices") if "choices" in item and not has_objects else ()
    if isinstance(item.get("choices"), Mapping):
        choices = tuple(sorted(choices, key=lambda choice: _spelled(choice.value)))
    name = reading.defines_name(variable, item, "field")
    if datatype in GROUPS or item.get("input type") in GROUPS:
        reading.add_definition(f"{name}.gathered")
        for choice in choices:
            if choice.code is None and not isinstance(choice.value, Text):
                reading.add_definition(f"{name}[{choice.value!r}]")
    if datatype in _LEARNING:
        reading.add_definition(f"{name}.text")
    return FieldItem(
        position=position,
        number=number,
        variable=name,
        label=label,
        has_label=has_label,
        datatype=datatype,
        input_type=None if item.get("input type") is None else str(item["input type"]).strip(),
        required=_required(reading, item),
        default=default_of(reading, item),
        choices=choices,
        choices_code=reading.expression(item, "code"),
        object_choices=reading.expressions(item, "choices") if has_objects else (),
        exclude=reading.expressions(item, "exclude"),
        shuffle=reading.flag(item, "shuffle"),
        none_of_the_above=_text_or_bool(reading, item, "none of the above"),
        all_of_the_above=_text_or_bool(reading, item, "all of the above"),
        hint=reading.text(item, "hint"),
        help=reading.text(item, "help"),
        limits={key: text for key in _LIMITS if (text := reading.text(item, key)) is not None},
        conditions=_conditions(reading, item),
        disabled=reading.flag(item, "disabled"),
        disable_others=_others(reading, item, "disable others"),
        uncheck_others=_others(reading, item, "uncheck others"),
        check_others=_others(reading, item, "check others"),
        validate=reading.expression(item, "validate"),
        validation_messages=read_messages(reading, item),
        css_class=reading.text(item, "css class"),
        under_text=reading.text(item, "under text"),
        note=reading.text(item, "note"),
        group=reading.text(item, "group"),
        options=_options(reading, item),
    )


def _spelled(value: Any) -> str:
    return value.source if isinstance(value, Text) else str(value)


def _label_and_variable(reading: Reading, item: Mapping, position: Position) -> tuple[Text | None, str | None, bool]:
    if "label" in item and "field" in item:
        label, variable = item["label"], item["field"]
    elif "field" in item:
        label, variable = None, item["field"]
    else:
        labels = [key for key in item if key not in _OWN_KEYS and key not in _OTHER_KEYS]
        if not labels:
            return None, None, False
        if len(labels) > 1 and not _names_variable(item, labels):
            raise SourceError(
                f"This item of `fields` has more than one label: {', '.join(map(repr, labels))}. "
                "A modifier may be misspelt",
                position,
            )
        label, variable = labels[0], item[labels[0]]
    if variable is None or isinstance(variable, (dict, list)):
        raise SourceError(f"The field {label!r} names no variable to save to", position)
    if label is None or str(label).strip().lower() == _NO_LABEL:
        return None, str(variable), False
    return reading.text_of(label, position), str(variable), True


def _names_variable(item: Mapping, labels: list[Any]) -> bool:
    """Custom datatypes have parameters of their own: only the first unknown key is then the label."""
    datatype = item.get("datatype")
    return isinstance(datatype, str) and datatype.strip() not in BUILT_IN and bool(labels)


BUILT_IN = frozenset(
    {
        "ajax", "area", "boolean", "camcorder", "camera", "checkboxes", "color", "combobox", "currency", "datalist",
        "date", "datetime", "datetime-local", "dropdown", "email", "environment", "file", "files", "float", "hidden",
        "integer", "microphone", "ml", "mlarea", "multiselect", "noyes", "noyesmaybe", "noyesradio", "noyeswide",
        "number", "object", "object_checkboxes", "object_multiselect", "object_radio", "password", "pulldown", "radio",
        "range", "raw", "tel", "text", "threestate", "time", "url", "user", "yesno", "yesnomaybe", "yesnoradio",
        "yesnowide",
    }
)  # fmt: skip
"""Every datatype that is not an author's own."""


def _datatype(item: Mapping) -> str:
    if item.get("datatype") is not None:
        return str(item["datatype"]).strip()
    default = item.get("default")
    if "choices" in item or "code" in item or "input type" in item:
        return "text"
    match default:
        case bool():
            return "yesno"
        case int():
            return "integer"
        case float():
            return "number"
        case _:
            return "text"


def _required(reading: Reading, item: Mapping) -> Flag | None:
    value = item.get("required")
    if isinstance(value, Mapping) and "code" in value:
        return reading.expression_of(value["code"], reading.value_at(value, "code"))
    return None if value is None else reading.flag(item, "required", True)


def _text_or_bool(reading: Reading, item: Mapping, key: str) -> Text | bool | None:
    value = item.get(key)
    return value if isinstance(value, bool) or value is None else reading.text(item, key)


def _others(reading: Reading, item: Mapping, key: str) -> bool | tuple[str, ...]:
    value = item.get(key, False)
    return value if isinstance(value, bool) else reading.strings(item, key)


def read_messages(reading: Reading, item: Mapping) -> dict[str, Text]:
    """`validation messages`."""
    value = item.get("validation messages")
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise reading.wrong("`validation messages` takes a mapping of rules to texts", item, "validation messages")
    return {str(key): text for key in value if (text := reading.text(value, key)) is not None}


def _conditions(reading: Reading, item: Mapping) -> tuple[Condition, ...]:
    found: list[Condition] = []
    for key, (sign, only_enables) in _CONDITIONS.items():
        if item.get(key) is not None:
            found.append(_condition(reading, item, key, sign, only_enables))
        if (javascript := reading.text(item, f"js {key}")) is not None:
            found.append(Condition(sign, only_enables, javascript=javascript))
    if any(one.javascript is not None for one in found) and any(one.javascript is None for one in found):
        key = next(f"js {key}" for key in _CONDITIONS if item.get(f"js {key}") is not None)
        raise reading.wrong(f"`{key}` cannot be combined with a condition that is not JavaScript", item, key)
    return tuple(found)


def _condition(reading: Reading, item: Mapping, key: str, sign: bool, only_enables: bool) -> Condition:
    value = item[key]
    if not isinstance(value, Mapping):
        if isinstance(value, bool):
            return Condition(sign, only_enables, code=reading.expression_of(value, reading.value_at(item, key)))
        return Condition(sign, only_enables, variable=str(value).strip(), value=None)
    reading.check_keys(value, {"variable", "is", "code"}, f"`{key}`")
    code = reading.expression(value, "code")
    if "variable" not in value:
        if code is None:
            raise reading.wrong(f"`{key}` needs `variable` and `is`, or `code`", item, key)
        return Condition(sign, only_enables, code=code)
    wanted = reading.text_of("None" if value.get("is") is None else value["is"], reading.value_at(value, "is"))
    return Condition(sign, only_enables, variable=str(value["variable"]).strip(), value=wanted, code=code)


_WITHOUT_EFFECT = frozenset({"extras", "object to list"})
_READERS = frozenset({"allow privileges", "allow users"})


def _options(reading: Reading, item: Mapping) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in _WITHOUT_EFFECT & item.keys():
        reading.warn(f"The modifier {key!r} is accepted, but has no effect", item, key)
    for key, value in item.items():
        if key not in _OTHER_KEYS or value is None:
            continue
        if key in _READERS:
            found[key] = _readers(reading, item, key)
        elif (key == "accept" and _is_python(str(value))) or (
            key in _EXPRESSIONS and not isinstance(value, (bool, list))
        ):
            found[key] = reading.expression_of(value, reading.value_at(item, key))
        else:
            found[key] = reading.compiled(value, reading.value_at(item, key))
    return found | _parameters(reading, item)


def _is_python(text: str) -> bool:
    """Whether what `accept` says is an expression that gives the kinds, and not the kinds themselves."""
    try:
        found = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return False
    plain = (ast.Constant, ast.JoinedStr, ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.IfExp)
    joined = isinstance(found, ast.BinOp) and isinstance(found.op, ast.Add | ast.Mod)
    return joined or isinstance(found, plain)


def _readers(reading: Reading, item: Mapping, key: str) -> tuple[Text, ...] | Expression:
    """Who else may open what is uploaded: one, a list of them, or `code` that gives either."""
    value = item[key]
    if isinstance(value, Mapping):
        if list(value) != ["code"]:
            raise reading.wrong(f"`{key}` takes one, a list of them, or `code`", item, key)
        return reading.expression_of(value["code"], reading.value_at(value, "code"))
    return reading.texts(item, key)


def _parameters(reading: Reading, item: Mapping) -> dict[str, Any]:
    """Keys that only a custom datatype may know."""
    datatype = item.get("datatype")
    if not isinstance(datatype, str) or datatype.strip() in BUILT_IN:
        return {}
    known = _OWN_KEYS | _OTHER_KEYS
    labels = [key for key in item if key not in known]
    extra = labels if "field" in item else labels[1:]
    return {key: reading.compiled(item[key], reading.value_at(item, key)) for key in extra}
