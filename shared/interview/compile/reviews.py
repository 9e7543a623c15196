"""Readers of `review` and `action buttons` (spec/area4 §2.3, §2.8)."""

from __future__ import annotations

from typing import Any

from shared.interview.compile.blocks import ActionButton, Review, ReviewEntry
from shared.interview.compile.expressions import ActionItem, Expression, Flag, Text
from shared.interview.compile.reading import Reading
from shared.interview.errors import Position, SourceError
from shared.interview.source.documents import Mapping

_ENTRY_KEYS = frozenset(
    {"action", "button", "css class", "field", "fields", "help", "html", "label", "note", "raw html", "show if"}
)
_LIST_COMMANDS = ("follow up", "undefine", "invalidate", "recompute")
_BUTTON_KEYS = frozenset(
    {
        "action",
        "arguments",
        "code",
        "color",
        "css class",
        "forget prior",
        "icon",
        "label",
        "new window",
        "placement",
        "show if",
    }
)


def read_review(reading: Reading) -> Review:
    """The items of a review screen."""
    data = reading.data
    items = tuple(_entry(reading, item, position) for item, position in reading.items(data, "review"))
    return Review(
        items=items,
        skips_undefined=reading.bool_of(data, "skip undefined", True),
        tabular=_tabular(reading),
    )


def _tabular(reading: Reading) -> Flag | Text:
    """Whether the items stand in a table: a truth value, `{code: …}`, or the CSS classes of the table."""
    value = reading.data.get("tabular")
    if isinstance(value, bool) or value is None:
        return bool(value)
    if isinstance(value, Mapping):
        reading.check_keys(value, {"code"}, "`tabular`")
        return reading.flag(value, "code")
    return reading.required_text(reading.data, "tabular", "A review")


def _entry(reading: Reading, item: Any, position: Position) -> ReviewEntry:
    if not isinstance(item, Mapping):
        raise SourceError("An item of `review` is written `Label: variable`", position)
    kind = next((kind for kind in ("note", "html", "raw html") if kind in item), "")
    label, fields = _label_and_fields(reading, item, position, needs_field=not kind)
    return ReviewEntry(
        label=label,
        button=reading.text(item, "button"),
        content=reading.text(item, kind) if kind else None,
        content_kind=kind,
        commands=read_commands(reading, fields, position),
        show_if=_show_if(reading, item),
        help=reading.text(item, "help"),
        css_class=reading.text(item, "css class"),
        action=reading.expression(item, "action") if not isinstance(item.get("action"), (dict, list)) else None,
    )


def _label_and_fields(reading: Reading, item: Mapping, position: Position, *, needs_field: bool) -> tuple[Any, Any]:
    if "field" in item or "fields" in item:
        reading.check_keys(item, _ENTRY_KEYS, "an item of `review`")
        return reading.text(item, "label"), item.get("fields", item.get("field"))
    labels = [key for key in item if key not in _ENTRY_KEYS]
    if not labels:
        if needs_field and "label" not in item:
            raise SourceError("This item of `review` has neither a variable nor a note", position)
        return reading.text(item, "label"), None
    if len(labels) > 1:
        raise SourceError(f"This item of `review` has two labels: {labels[0]!r} and {labels[1]!r}", position)
    return reading.text_of(labels[0], position), item[labels[0]]


def _show_if(reading: Reading, item: Mapping) -> tuple[Expression, ...]:
    value = item.get("show if")
    if isinstance(value, Mapping) and "code" in value:
        return reading.expressions(value, "code")
    return reading.expressions(item, "show if")


def read_commands(reading: Reading, value: Any, position: Position) -> tuple[ActionItem, ...]:
    """One variable, or a list of variables and commands (`undefine`, `invalidate`, `set`, `follow up`, …)."""
    if value is None:
        return ()
    found: list[ActionItem] = []
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, Mapping):
            found.append(ActionItem("variable", (str(item).strip(),)))
        elif "action" in item:
            arguments = item.get("arguments") or {}
            found.append(ActionItem("action", (str(item["action"]),), dict(arguments)))
        elif "set" in item:
            pairs = item["set"] if isinstance(item["set"], list) else [item["set"]]
            values = {str(name): content for pair in pairs for name, content in pair.items()}
            found.append(ActionItem("set", tuple(values), values))
        else:
            command = next((key for key in _LIST_COMMANDS if key in item), None)
            if command is None:
                raise SourceError(f"{next(iter(item), '')!r} is no command of a review item", position)
            names = item[command]
            names = names if isinstance(names, list) else [names]
            found.append(ActionItem(command, tuple(str(name).strip() for name in names)))
    return tuple(found)


def read_action_buttons(reading: Reading) -> tuple[ActionButton, ...]:
    """`action buttons`: a list of buttons, or `code` that computes them."""
    value = reading.data.get("action buttons")
    if isinstance(value, Mapping) and list(value) == ["code"]:
        return (ActionButton(code=reading.expression(value, "code")),)
    return tuple(_button(reading, item, position) for item, position in reading.items(reading.data, "action buttons"))


def _button(reading: Reading, item: Any, position: Position) -> ActionButton:
    if not isinstance(item, Mapping):
        raise SourceError("An action button is a mapping with `label` and `action`", position)
    reading.check_keys(item, _BUTTON_KEYS, "`action buttons`")
    if "code" in item:
        return ActionButton(code=reading.expression(item, "code"))
    if "label" not in item or "action" not in item:
        raise SourceError("An action button needs `label` and `action`", position)
    new_window = item.get("new window", False)
    arguments = item.get("arguments") or Mapping()
    if not isinstance(arguments, Mapping):
        raise SourceError("`arguments` of an action button takes a mapping", position)
    return ActionButton(
        label=reading.text(item, "label"),
        action=reading.text(item, "action"),
        arguments=reading.compiled(arguments, position),
        color=reading.text(item, "color"),
        icon=reading.text(item, "icon"),
        css_class=reading.text(item, "css class"),
        placement=reading.text(item, "placement"),
        new_window=new_window if isinstance(new_window, bool) else (reading.text(item, "new window") or False),
        forgets_prior=reading.flag(item, "forget prior"),
        show_if=reading.expression(item, "show if"),
    )
