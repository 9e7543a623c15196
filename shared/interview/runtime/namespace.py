"""The namespace interview code runs in: the answers as globals, and a last resort that knows what is missing.

The answers are an exact `dict` used as the globals of all interview code. Its `__builtins__` is a `Builtins`: Python's
built-in functions plus the library's names, and a `__missing__` that raises `Undefined(name)`. CPython looks a global
name up in the globals and then in that mapping, also inside functions, lambdas, comprehensions and class bodies, so
the name arrives as a field and never has to be read out of a message. Library names stay out of the answers, and an
author's variables go before them. Code of Python module files has its own globals: a `NameError` there stays a plain
`NameError`, an error.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any

from shared.interview.errors import Undefined

BUILTINS_KEY = "__builtins__"
ITERATORS = ("i", "j", "k", "l", "m", "n")
"""Names that stand for indices in blocks about lists."""
CONTEXT_NAMES = ("x", *ITERATORS)
"""Names that say what a generic block is about."""
LOCALS = ("session_local", "device_local", "user_local")
"""Objects that live in `_internal` and are top-level names only while a run lasts."""

_NOT_FOR_INTERVIEWS = frozenset({"breakpoint", "copyright", "credits", "exit", "help", "input", "license", "quit"})

Answers = dict[str, Any]


class Builtins(dict[str, Any]):
    """What is found when a name is not among the answers."""

    library: Mapping[str, Any]
    """The library's names, whether or not interviews see them unasked."""

    def __missing__(self, name: str) -> Any:
        """Say which name has no value. Raises Undefined, or a plain NameError for names of Python itself."""
        if name.startswith("__"):
            raise NameError(f"name {name!r} is not defined", name=name)
        raise Undefined(name)


def builtins_with(library_names: Mapping[str, Any], *, are_seen: bool = True) -> Builtins:
    """Python's built-in names and, unless the interview imports them itself, the library's; once per process."""
    names = Builtins({name: value for name, value in vars(builtins).items() if name not in _NOT_FOR_INTERVIEWS})
    names.library = library_names
    if are_seen:
        names.update(library_names)
    names["__name__"] = "interview"
    return names


def as_namespace(answers: Answers, names: Builtins) -> Answers:
    """Make a plain dict of answers usable as globals; it is changed in place."""
    answers[BUILTINS_KEY] = names
    return answers
