"""Readers of choices: of a question, of a field, and those that lead to further blocks (spec/area4 §2.4, §2.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.interview.compile.blocks import ChoiceItem, Definer, EmbeddedChoice
from shared.interview.compile.expressions import Expression, Text
from shared.interview.compile.reading import Reading
from shared.interview.compile.templates import is_template
from shared.interview.errors import Position, SourceError
from shared.interview.source.documents import Mapping

COMMANDS = frozenset(
    {
        "continue",
        "exit",
        "exit_logout",
        "leave",
        "logout",
        "new_session",
        "refresh",
        "register",
        "restart",
        "signin",
    }
)
"""Texts of embedded choices that are carried out rather than stored."""

_MODIFIERS = frozenset({"default", "help", "image", "css class", "color", "group", "show if", "url", "key"})

Nested = Callable[[Mapping, int], Definer]
"""Reads the block a choice leads to, given its mapping and the number of the choice."""


def read_choices(reading: Reading, mapping: Mapping, key: str) -> tuple[ChoiceItem, ...]:
    """Choices that are saved: `Label: value`, plain labels, `label` with `value`, or `code`."""
    return tuple(
        _choice(reading, label, value, item, position) for label, value, item, position in _pairs(reading, mapping, key)
    )


def read_embedded(reading: Reading, mapping: Mapping, key: str, nested: Nested) -> tuple[EmbeddedChoice, ...]:
    """Choices without `field`: each leads to a block or a command, or is only remembered."""
    found: list[EmbeddedChoice] = []
    for label, value, item, position in _pairs(reading, mapping, key):
        block: Definer | None = None
        command: str | None = None
        if isinstance(value, Mapping):
            block = nested(value, len(found))
            value = None
        elif isinstance(value, str) and value.strip() in COMMANDS:
            command = value.strip()
        choice = _choice(reading, label, value, item, position)
        url = reading.text(item, "url") if isinstance(item, Mapping) and command else None
        found.append(EmbeddedChoice(item=choice, block=block, command=command, url=url))
    return tuple(found)


def has_blocks(reading: Reading, mapping: Mapping, key: str) -> bool:
    """Whether some choice leads to a block."""
    return any(isinstance(value, Mapping) for _, value, _, _ in _pairs(reading, mapping, key))


def _pairs(reading: Reading, mapping: Mapping, key: str) -> list[tuple[Any, Any, Any, Position]]:
    """(label, value, the item's mapping or None, place); computed choices have the label None and their expression."""
    found: list[tuple[Any, Any, Any, Position]] = []
    value = mapping[key]
    if isinstance(value, Mapping):
        if list(value) == ["code"]:
            return [(None, _Computed(value["code"]), value, reading.value_at(value, "code"))]
        return [(label, item, None, reading.at(value, label)) for label, item in value.items()]
    for item, position in reading.items(mapping, key):
        if not isinstance(item, Mapping):
            if isinstance(item, list):
                raise SourceError("A choice is a text, or `Label: value`, not a list", position)
            found.append((item, item, None, position))
        elif "code" in item and len(item) == 1 and not isinstance(item["code"], (dict, list)):
            found.append((None, _Computed(item["code"]), item, reading.value_at(item, "code")))
        elif "label" in item and "value" in item:
            reading.check_keys(item, _MODIFIERS | {"label", "value"}, "a choice")
            found.append((item["label"], item["value"], item, position))
        else:
            labels = [label for label in item if label not in _MODIFIERS or len(item) == 1]
            if len(labels) != 1:
                raise SourceError(f"A choice needs one label; found {', '.join(map(repr, labels)) or 'none'}", position)
            found.append((labels[0], item[labels[0]], item, position))
    return found


class _Computed(str):
    """Marks the source of computed choices."""

    __slots__ = ()


def _choice(reading: Reading, label: Any, value: Any, item: Any, position: Position) -> ChoiceItem:
    if isinstance(value, _Computed):
        return ChoiceItem(code=reading.expression_of(str(value), position))
    extra = item if isinstance(item, Mapping) else Mapping()
    default = extra.get("default")
    return ChoiceItem(
        label=reading.text_of(label, position),
        value=_value(reading, value, position),
        default=default if isinstance(default, bool) else reading.text(extra, "default"),
        help=reading.text(extra, "help"),
        image=reading.text(extra, "image"),
        group=reading.text(extra, "group"),
        css_class=reading.text(extra, "css class"),
        color=reading.text(extra, "color"),
        show_if=_show_if(reading, extra),
    )


def _value(reading: Reading, value: Any, position: Position) -> Any:
    if isinstance(value, str) and is_template(value):
        return reading.text_of(value, position)
    if isinstance(value, (dict, list)):
        raise SourceError("The value of this choice is a list or mapping; a text or number is expected", position)
    return value


def _show_if(reading: Reading, item: Mapping) -> Expression | None:
    value = item.get("show if")
    if isinstance(value, Mapping) and "code" in value:
        return reading.expression_of(value["code"], reading.value_at(value, "code"))
    return reading.expression(item, "show if")


def default_of(reading: Reading, mapping: Mapping, key: str = "default") -> Text | Expression | Any:
    """A default: Mako text, `{code: …}`, a list, or a scalar as it is."""
    value = mapping.get(key)
    if isinstance(value, Mapping) and list(value) == ["code"]:
        return reading.expression_of(value["code"], reading.value_at(value, "code"))
    if isinstance(value, (dict, list)):
        return reading.compiled(value, reading.value_at(mapping, key))
    return reading.text(mapping, key) if isinstance(value, str) else value
