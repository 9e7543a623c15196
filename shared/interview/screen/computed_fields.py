"""Fields that code computes: `- code: expression` gives mappings written like items of `fields` (spec/area4 §2.5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from shared.interview.compile.blocks import FieldItem
from shared.interview.compile.fields import read_field
from shared.interview.compile.reading import Reading, Scope
from shared.interview.errors import EvaluationError
from shared.interview.screen.texts import Scene
from shared.interview.source.documents import Mapping, Sequence
from shared.interview.source.reader import RawBlock


def read_computed(given: Any, item: FieldItem, scene: Scene) -> Iterator[FieldItem]:
    """The items in what the code gave, numbered below the item that has the code. Raises SourceError."""
    entries = given if isinstance(given, list | tuple) else [given] if isinstance(given, dict) else None
    if entries is None:
        raise EvaluationError(
            f"The code of a `fields` item has to give a list of fields; it gave {type(given).__name__}", item.position
        )
    reading = _reading(item, scene)
    for index, entry in enumerate(entries):
        made = read_field(reading, _as_written(entry, item.position.line), item.position, f"{item.number}_{index}")
        yield replace(made, number=f"{item.number}_{index}")


def _reading(item: FieldItem, scene: Scene) -> Reading:
    block = scene.block
    raw = RawBlock(
        file=item.position.file,
        package=block.package if block else "",
        line=item.position.line,
        number=block.number if block else 0,
        data=Mapping(),
        source="",
    )
    name = block.name if block else ""
    return Reading(raw, Scope(), name=name, language=block.language if block else "*", number=raw.number)


def _as_written(value: Any, line: int) -> Any:
    """A computed value in the form the readers take, with the line of the code that made it."""
    if isinstance(value, dict):
        made = Mapping({key: _as_written(inner, line) for key, inner in value.items()})
        made.line = line
        return made
    if isinstance(value, list | tuple):
        items = Sequence([_as_written(inner, line) for inner in value])
        items.line = line
        return items
    return value
