"""The values of variables that have nothing to choose from: empty collections, or None (spec/area4 §2.4)."""

from __future__ import annotations

from typing import Any

from shared.interview.library.objects.dicts import DADict
from shared.interview.library.objects.lists import DAList


def empty_value(datatype: str, name: str) -> Any:
    """An empty gathered dictionary or list for groups of boxes, else None. `name` is the literal name."""
    if datatype in {"checkboxes", "multiselect"}:
        return box_dictionary(name, {})
    if datatype in {"object_checkboxes", "object_multiselect"}:
        return object_list(name, [])
    return None


def box_dictionary(name: str, values: dict[Any, bool]) -> Any:
    """What a group of boxes saves: value → ticked, gathered, and never asking for more."""
    return DADict(name, elements=values, gathered=True, auto_gather=False)


def object_list(name: str, things: list[Any]) -> Any:
    """What a group of boxes of objects saves."""
    return DAList(name, elements=things, gathered=True, auto_gather=False)
