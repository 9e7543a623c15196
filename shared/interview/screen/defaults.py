"""What stands in an input before anybody touches it (spec/area4 §4.5)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from dateutil import parser as date_parser

from shared.interview.compile.expressions import Expression, Text
from shared.interview.runtime import names
from shared.interview.screen.texts import Scene

NOTHING = object()
"""There is no default at all."""
MOMENTS = frozenset({"date", "datetime", "datetime-local", "time"})
"""Datatypes whose inputs take a date or time in the manner of ISO 8601 only."""


def default_of(variable: str, written: Any, scene: Scene, *, names_objects: bool = False) -> Any:
    """The value to show: entered before Back, the present one, the one set aside, or the author's default.

    With `names_objects` the author's default is an expression that gives an object or several, and a present value that
    is only the object to be described further stands back behind it.
    """
    literal, run = scene.literal(variable), scene.run
    if run.prior is not None:
        found, value = names.peek(literal, run.prior)
        if found:
            return value
    found, value = names.peek(literal, run.answers)
    if found and not (names_objects and written is not None and getattr(value, "instanceName", None) == literal):
        return value
    dirty = run.internal.get("dirty", {})
    if literal in dirty:
        return dirty[literal]
    if names_objects and written is not None:
        return _named_objects(written, scene)
    return written_default(written, scene)


def _named_objects(written: Any, scene: Scene) -> Any:
    """What the expressions of a default for objects give."""
    if isinstance(written, Text):
        return scene.run.evaluate(scene.plain(written))
    if isinstance(written, list | tuple):
        return [_named_objects(inner, scene) for inner in written]
    return scene.resolve(written)


def written_default(written: Any, scene: Scene) -> Any:
    """The author's `default`: text is Mako, expressions are evaluated, anything else stands as it is."""
    match written:
        case None:
            return NOTHING
        case Text():
            return scene.plain(written)
        case Expression():
            return scene.value(written)
        case list() | tuple() | dict():
            return scene.resolve(written)
        case _:
            return written


def as_text(value: Any, datatype: str) -> str | None:
    """A default as the text of an input; None when there is none."""
    if value is NOTHING or value is None:
        return None
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return _moment_text(value, datatype)
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return _number_text(value, datatype)
    return moment_as_text(str(value), datatype) if datatype in MOMENTS else str(value)


def moment_as_text(text: str, datatype: str) -> str:
    """A date or time that an author's text gives in any manner, as an input of the page takes it; empty when none."""
    try:
        return _moment_text(date_parser.parse(text), datatype)
    except (ValueError, OverflowError):
        return ""


def chosen_of(value: Any) -> list[Any]:
    """The values a default ticks in a group: those of a dictionary that are true, a list's members, or the value."""
    if value is NOTHING or value is None:
        return []
    elements = getattr(value, "elements", value)
    if isinstance(elements, Mapping):
        return [key for key, is_chosen in elements.items() if is_chosen is True or is_chosen == "True"]
    if isinstance(elements, list | tuple | set | frozenset):
        return list(elements)
    return [elements]


def _number_text(value: float, datatype: str) -> str:
    if datatype == "currency":
        return f"{value:.2f}".removesuffix(".00")
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else str(value)


def _moment_text(value: Any, datatype: str) -> str:
    if datatype == "time":
        return "" if type(value) is datetime.date else str(value.strftime("%H:%M"))
    if datatype in {"datetime", "datetime-local"} and isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M")
    if datatype == "date" and not isinstance(value, datetime.time):
        return str(value.strftime("%Y-%m-%d"))
    return str(value)
