"""Objects as choices: which there are in what code gives, and what a form posts for one (spec/area4 §2.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from shared.interview.library.objects.base import DAObject
from shared.interview.library.variables import encode_name

__all__ = ["selections"]


def flattened(value: Any) -> Iterable[Any]:
    """The objects in a value: lists and dictionaries are opened, anything else stands for itself."""
    elements = getattr(value, "elements", None)
    if isinstance(elements, Mapping) or isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list | tuple | set | frozenset) or isinstance(elements, list | set):
        for inner in value:
            yield from flattened(inner)
    else:
        yield value


def object_key(thing: Any) -> str:
    """What the form posts for an object: its instance name, encoded."""
    return encode_name(str(getattr(thing, "instanceName", "") or id(thing)))


def selections(
    *things: Any,
    exclude: Any = (),
    default: Any = (),
    object_labeler: Callable[[Any], Any] = str,
    **_: Any,
) -> list[dict[str, Any]]:
    """Choices of objects, for a field that saves one: what each is called, by its name.

    Lists are opened, what `exclude` names is left out, what `default` names is chosen to begin with.
    """
    left_out = {id(thing) for thing in flattened([exclude])}
    chosen = {id(thing) for thing in flattened([default])}
    found: dict[int, dict[str, Any]] = {}
    for thing in flattened(things):
        if isinstance(thing, DAObject) and id(thing) not in left_out:
            entry = {"value": object_key(thing), "label": str(object_labeler(thing))}
            found.setdefault(id(thing), entry | {"default": True} if id(thing) in chosen else entry)
    return list(found.values())
