"""Plain data as objects of the library (spec/area4 §6.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.interview.library.objects.dicts import DADict
from shared.interview.library.objects.lists import DAList
from shared.interview.library.objects.naming import random_name

__all__ = ["objects_from_structure"]


def objects_from_structure(target: Any, root: str | None = None) -> Any:
    """Lists and dictionaries as gathered DAList and DADict, those inside as well; other values as they are.

    `root` is the name of the outermost one; without it that is named by what it is assigned to.
    """
    made = _made(target, root or random_name())
    if root is None and isinstance(made, DADict | DAList):
        made.set_random_instance_name()
    return made


def _made(target: Any, name: str) -> Any:
    if isinstance(target, Mapping):
        return DADict(name, elements={key: _made(value, f"{name}[{key!r}]") for key, value in target.items()})
    if isinstance(target, list | tuple):
        return DAList(name, elements=[_made(value, f"{name}[{place}]") for place, value in enumerate(target)])
    return target
