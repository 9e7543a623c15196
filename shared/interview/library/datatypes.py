"""CustomDataType: datatypes of fields that authors define in Python modules (spec/area4 §5.5).

A class becomes a datatype by being derived: no list of them is kept, Python knows the derived classes of a class.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from shared.interview.library.named import public
from shared.interview.runtime.run import Run

__all__ = ["CustomDataType"]


@public
class CustomDataType:
    """A datatype: how a field of it looks, what it accepts, and which value it saves."""

    name: ClassVar[str] = ""
    """What authors write after `datatype`."""
    input_type: ClassVar[str] = "text"
    input_class: ClassVar[str | None] = None
    container_class: ClassVar[str | None] = None
    javascript: ClassVar[str | None] = None
    """Run once on pages that have such a field."""
    jq_rule: ClassVar[str | list[str] | None] = None
    jq_message: ClassVar[str | dict[str, str] | None] = None
    parameters: ClassVar[Any] = ()
    """Modifiers of the field that are taken as they are written."""
    code_parameters: ClassVar[Any] = ()
    """Modifiers that are Python expressions."""
    mako_parameters: ClassVar[Any] = ()
    """Modifiers that are Mako texts."""
    is_object: ClassVar[bool] = False
    skip_if_empty: ClassVar[bool] = True
    """Whether `empty()` gives the value of an input that was left empty, instead of `validate` and `transform`."""
    include_variable_name: ClassVar[bool] = False
    """Whether `validate` and `transform` are given the name of the variable too."""

    @classmethod
    def validate(cls, item: Any, *_: Any) -> bool:
        """Whether the text is accepted; may raise DAValidationError with a message."""
        return True

    @classmethod
    def transform(cls, item: Any, *_: Any) -> Any:
        """The value of an accepted text."""
        return item

    @classmethod
    def default_for(cls, item: Any) -> Any:
        """The text of a value, for an input that shows it again."""
        return str(item)

    @classmethod
    def empty(cls) -> Any:
        """The value of an input that was left empty."""
        return None


def custom_datatype(name: str, run: Run) -> type[CustomDataType] | None:
    """The class of a datatype, of this interview's modules before any other; None when none has that name."""
    found = [cls for cls in _derived(CustomDataType) if cls.name == name]
    own = [cls for cls in found if any(value is cls for value in run.answers.values())]
    return next(reversed(own or found), None)


def _derived(cls: type[CustomDataType]) -> Iterator[type[CustomDataType]]:
    for derived in cls.__subclasses__():
        yield derived
        yield from _derived(derived)


def checked(cls: type[CustomDataType], text: str, variable: str) -> Any:
    """The value a posted text stands for. Raises ValueError without a message when `validate` does not accept it."""
    if text == "" and cls.skip_if_empty:
        return cls.empty()
    more = (variable,) if cls.include_variable_name else ()
    if not _called(cls.validate, text, *more):
        raise ValueError
    return _called(cls.transform, text, *more)


def _called(method: Callable[..., Any], *arguments: Any) -> Any:
    """Call a method of an author's class with as many arguments as it takes."""
    taken = inspect.signature(method).parameters.values()
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in taken):
        return method(*arguments)
    return method(*arguments[: len(taken)])
