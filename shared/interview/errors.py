"""Errors of interviews: of their source, of their evaluation, and the signals that end a block.

    Exception
    ├── InterviewError               what an author has to mend; carries file, line, block and what was sought
    │   ├── SourceError              found while reading or compiling
    │   └── EvaluationError          found while running
    │       ├── NoDefinition, AlreadySought, NoEndpoint, RecursionLimit …
    ├── Undefined(NameError)         a name is missing: the seek loop looks for a block that defines it
    │   └── UndefinedTemplate        the same for a lazy template
    ├── UndefinedAttribute(AttributeError), UndefinedItem(IndexError, KeyError)   the same for objects and items
    └── Signal                       ends a block on purpose: background_response(), force_ask(), response() …

Signals derive from Exception, because existing interviews rely on `try`/`except Exception` seeing them (DESIGN §5).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """Where something stands in the source: `line` counts from 1 in `file`, `block` is the block's name."""

    file: str
    line: int
    block: str = ""

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}" + (f" ({self.block})" if self.block else "")


class InterviewError(Exception):
    """An interview is wrong in a way its author can mend."""

    def __init__(self, message: str, position: Position | None = None, sought: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message, self.position, self.sought = message, position, sought
        self.source_line = ""
        """The line of the position as its author wrote it, where the reader knows it."""

    def __str__(self) -> str:
        return f"{self.position}: {self.message}" if self.position else self.message


class SourceError(InterviewError):
    """The text of an interview cannot be read or compiled."""


class EvaluationError(InterviewError):
    """An interview went wrong while it ran."""


class NoDefinition(EvaluationError):
    """Nothing in the interview can define this variable."""


class NotDeleted(EvaluationError):
    """A variable that is to be deleted from outside has no value, or its name is none."""


class NoSuchQuestion(EvaluationError):
    """A question that is to count as answered is not there."""


class AlreadySought(EvaluationError):
    """Every block that could define this variable is already waiting for it."""


class NoEndpoint(EvaluationError):
    """All mandatory blocks are done and none showed a screen."""


class EvaluationLimit(EvaluationError):
    """The interview went round too often or too deep (`loop limit`, `recursion limit`)."""


class HostRefused(EvaluationError):
    """The server declined what interview code asked for."""


class Undefined(NameError):
    """A variable of the interview has no value yet."""

    def __init__(self, name: str) -> None:
        super().__init__(f"name {name!r} is not defined")
        self.name: str = name
        """The expression to seek, e.g. `person.name.first`."""


class UndefinedAttribute(AttributeError):
    """An attribute of an interview object has no value yet."""

    def __init__(self, name: str) -> None:
        super().__init__(f"name {name!r} is not defined")
        self.name: str = name


class UndefinedTemplate(Undefined):
    """A lazy template or table has lost its source, as after loading: never swallowed by `skip undefined`."""


class UndefinedItem(IndexError, KeyError):
    """An item of an interview list or dictionary has no value yet."""

    __str__ = Exception.__str__

    def __init__(self, name: str) -> None:
        super().__init__(f"name {name!r} is not defined")
        self.name: str = name


class Signal(Exception):
    """Base of what ends a block on purpose."""
