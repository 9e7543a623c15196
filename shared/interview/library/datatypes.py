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
    """Rules the page checks before it sends the form; `javascript` makes them by `$.validator.addMethod()`."""
    jq_message: ClassVar[str | dict[str, str] | None] = None
    """What the page says when a rule is broken: of all rules, or by rule."""
    parameters: ClassVar[Any] = ()
    """Modifiers of the field that are taken as they are written."""
    code_parameters: ClassVar[Any] = ()
    """Modifiers that are Python expressions."""
    mako_parameters: ClassVar[Any] = ()
    """Modifiers that are Mako texts."""
    is_object: ClassVar[bool] = False
    """Whether `transform` makes an object of the library: it gets the name of the variable."""
    skip_if_empty: ClassVar[bool] = True
    """Whether `empty()` gives the value of an input that was left empty, instead of `validate` and `transform`."""
    include_variable_name: ClassVar[bool] = False
    """Whether `validate` and `transform` are given the name of the variable too, and the parameters of the field."""

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


def checked(cls: type[CustomDataType], text: str, variable: str, parameters: dict[str, Any]) -> Any:
    """The value a posted text stands for. Raises ValueError without a message when `validate` does not accept it.

    Where the class asks for it, `validate` and `transform` are given the name of the variable and then the parameters
    of the field besides, as far as they take them.
    """
    if text == "" and cls.skip_if_empty:
        return cls.empty()
    more = (variable, parameters) if cls.include_variable_name else ()
    if not _called(cls.validate, text, *more):
        raise ValueError
    made = _called(cls.transform, text, *more)
    if cls.is_object and hasattr(made, "_set_instance_name_recursively"):
        made._set_instance_name_recursively(variable)
    return made


def rules_of(cls: type[CustomDataType]) -> dict[str, str]:
    """What is said when a rule is broken, by the rules that the page checks; empty where nothing is said of one."""
    rules = [cls.jq_rule] if isinstance(cls.jq_rule, str) else list(cls.jq_rule or ())
    said = cls.jq_message
    return {str(rule): str(said.get(rule, "")) if isinstance(said, dict) else str(said or "") for rule in rules}


def _called(method: Callable[..., Any], *arguments: Any) -> Any:
    """Call a method of an author's class with as many arguments as it takes."""
    taken = inspect.signature(method).parameters.values()
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in taken):
        return method(*arguments)
    return method(*arguments[: len(taken)])
