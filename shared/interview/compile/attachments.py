"""Reader of `attachment` descriptions (spec/area4 §9.1)."""

from __future__ import annotations

from typing import Any

from shared.interview.compile.blocks import Attachment
from shared.interview.compile.expressions import Expression
from shared.interview.compile.reading import Reading
from shared.interview.errors import Position
from shared.interview.source.documents import Mapping

_OWN_KEYS = frozenset({"name", "filename", "description", "content", "content file", "variable name", "valid formats"})
_EXPRESSIONS = frozenset(
    {"code", "field variables", "raw field variables", "skip undefined", "editable", "manual code", "persistent"}
)


def read_attachments(reading: Reading, key: str) -> tuple[Attachment, ...]:
    """All documents described under a key."""
    return tuple(_attachment(reading, item, position) for item, position in reading.items(reading.data, key))


def _attachment(reading: Reading, item: Any, position: Position) -> Attachment:
    if not isinstance(item, Mapping):
        return Attachment(position=position, content=reading.text_of(item, position))
    item = item.renamed({key: str(key).lower() for key in item})
    variable = None
    if item.get("variable name") is not None:
        variable = reading.defines_name(str(item["variable name"]), item, "variable name")
    return Attachment(
        position=position,
        name=reading.text(item, "name"),
        filename=reading.text(item, "filename"),
        description=reading.text(item, "description"),
        content=reading.text(item, "content"),
        content_files=_strings_or_code(reading, item, "content file"),
        variable=variable,
        formats=_strings_or_code(reading, item, "valid formats"),
        options={key: _option(reading, item, key) for key in item if key not in _OWN_KEYS},
    )


def _strings_or_code(reading: Reading, item: Mapping, key: str) -> tuple[str, ...] | Expression:
    value = item.get(key)
    if isinstance(value, Mapping) and list(value) == ["code"]:
        return reading.expression_of(value["code"], reading.value_at(value, "code"))
    return reading.strings(item, key)


def _option(reading: Reading, item: Mapping, key: str) -> Any:
    value, position = item[key], reading.value_at(item, key)
    if isinstance(value, Mapping) and list(value) == ["code"]:
        return reading.expression_of(value["code"], reading.value_at(value, "code"))
    if key in _EXPRESSIONS and isinstance(value, str):
        return reading.expression_of(value, position)
    return reading.compiled(value, position)
