"""Look a variable up by its name, assign and delete it. The syntax of names is `compile.names`, also offered here."""

from __future__ import annotations

from functools import lru_cache
from types import CodeType
from typing import Any

from shared.interview.compile.names import (
    IllegalName,
    is_legal,
    is_plain_index,
    normalised,
    parent_of,
    parsed,
    substituted,
)
from shared.interview.errors import UndefinedItem

__all__ = [
    "IllegalName",
    "assignment",
    "deletion",
    "is_defined",
    "is_legal",
    "is_plain_index",
    "normalised",
    "parent_of",
    "parsed",
    "peek",
    "substituted",
]


def is_defined(name: str, answers: dict[str, Any]) -> bool:
    """Whether the name has a value, found without asking or gathering anything (spec/area4 §4.8)."""
    found, _ = peek(name, answers)
    return found


def peek(name: str, answers: dict[str, Any]) -> tuple[bool, Any]:
    """Whether the name has a value, and that value (or None). Never triggers a question or a gathering."""
    try:
        base, steps = parsed(name)
    except IllegalName:
        return False, None
    if base not in answers:
        return False, None
    value = answers[base]
    for kind, text, code in steps:
        try:
            value = getattr(value, text) if kind == "attribute" else _item(value, eval(code, answers))  # type: ignore[arg-type]
        except (AttributeError, NameError, LookupError, TypeError):
            return False, None
    return True, value


def _item(value: Any, index: Any) -> Any:
    """An item as it is stored: lists of the library fill up or ask when they are indexed, their elements do not."""
    fields = getattr(value, "__dict__", None)
    if fields is not None and "elements" in fields:
        value = fields["elements"]
    if isinstance(value, (set, frozenset)):
        raise UndefinedItem(str(index))
    return value[index]


@lru_cache(maxsize=20_000)
def assignment(name: str) -> CodeType:
    """Code that gives the name the value of `__value`. Raises IllegalName."""
    parsed(name)
    return compile(f"{name} = __value", f"<{name}>", "exec")


@lru_cache(maxsize=20_000)
def deletion(name: str) -> CodeType:
    """Code that deletes the name. Raises IllegalName."""
    parsed(name)
    return compile(f"del {name}", f"<{name}>", "exec")
