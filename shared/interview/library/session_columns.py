"""`docassemble.base.DA`: columns of sessions, to say with operators which sessions `interview_list()` is to list.

`(DA.Sessions.filename == '…') & (DA.Sessions.modtime > …)` is a condition, not a comparison that is made here
(spec/area2 §2.10).
"""

from __future__ import annotations

import contextlib
from typing import Any, cast

from shared.contracts.session_filter import (
    COLUMNS,
    Among,
    BadFilter,
    Column,
    Compared,
    Filter,
    Joined,
    Like,
    Negated,
    Operator,
    checked,
    read,
    told,
)
from shared.interview.library.faults import DAError

__all__ = ["And", "Not", "Or", "Sessions"]


class Condition:
    """What has to hold for a session to be listed."""

    def __init__(self, part: Filter) -> None:
        self.part = part

    def __and__(self, other: Any) -> Condition:
        return And(self, other)

    def __or__(self, other: Any) -> Condition:
        return Or(self, other)

    def __invert__(self) -> Condition:
        return Not(self)

    def __bool__(self) -> bool:
        raise DAError("Join conditions on sessions with & and | and ~, each in parentheses, not with and, or, not")


class SessionColumn:
    """A fact about sessions, or about a person who takes part."""

    __hash__ = None  # type: ignore[assignment]  # it is compared with values, and equal to nothing

    def __init__(self, name: str) -> None:
        self._name = cast(Column, name)

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compared("==", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compared("!=", other)

    def __lt__(self, other: object) -> Condition:
        return self._compared("<", other)

    def __le__(self, other: object) -> Condition:
        return self._compared("<=", other)

    def __gt__(self, other: object) -> Condition:
        return self._compared(">", other)

    def __ge__(self, other: object) -> Condition:
        return self._compared(">=", other)

    def Like(self, pattern: str) -> Condition:
        """A text like a pattern of SQL: `%` stands for anything, `_` for one letter."""
        return Condition(Like(column=self._name, pattern=str(pattern)))

    def In(self, *values: Any) -> Condition:
        """One of several values."""
        if len(values) == 1 and not isinstance(values[0], str):
            with contextlib.suppress(TypeError):  # it is the one value
                values = tuple(getattr(values[0], "elements", values[0]))
        return Condition(Among(column=self._name, values=tuple(_told(one) for one in values)))

    def _compared(self, operator: Operator, value: object) -> Condition:
        return Condition(Compared(column=self._name, operator=operator, value=_told(value)))


class _Sessions:
    """The columns there are."""

    def __init__(self) -> None:
        for name in COLUMNS:
            setattr(self, name, SessionColumn(name))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"DA.Sessions has no column {name}; there are {', '.join(COLUMNS)}")


Sessions = _Sessions()
"""What can be said of sessions."""


def And(*conditions: Any) -> Condition:
    """All of several conditions."""
    return Condition(Joined(how="and", parts=_parts(conditions)))


def Or(*conditions: Any) -> Condition:
    """One at least of several conditions."""
    return Condition(Joined(how="or", parts=_parts(conditions)))


def Not(condition: Any) -> Condition:
    """The opposite."""
    return Condition(Negated(part=_parts((condition,))[0]))


def condition_of(query: Any) -> Filter:
    """The condition in the argument of a function. Raises DAError."""
    try:
        return read(query) if isinstance(query, str) else checked(_parts((query,))[0])
    except BadFilter as error:
        raise DAError(str(error)) from None


def _parts(conditions: tuple[Any, ...]) -> tuple[Filter, ...]:
    if not conditions or not all(isinstance(one, Condition) for one in conditions):
        raise DAError(
            "A condition on sessions is written like (DA.Sessions.filename == '…') & (DA.Sessions.modtime > …)"
        )
    return tuple(one.part for one in conditions)


def _told(value: object) -> Any:
    try:
        return told(value)
    except BadFilter as error:
        raise DAError(str(error)) from None
