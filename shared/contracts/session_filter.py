"""Which sessions of a list are meant: conditions on what is known of sessions and of their people (spec/area2 §2.10).

Interviews build a condition of columns, `(DA.Sessions.filename == '…') & (DA.Sessions.modtime > …)`; programs write the
same as a text, which is read here and never run. Whatever somebody asks, columns and operators are those of this page:
what is compared with goes to the database as a value.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from shared.kernel.errors import Malformed

Column = Literal[
    "modtime",
    "filename",
    "session",
    "encrypted",
    "user_id",
    "email",
    "first_name",
    "last_name",
    "country",
    "subdivisionfirst",
    "subdivisionsecond",
    "subdivisionthird",
    "organization",
    "timezone",
    "language",
    "last_login",
]
Operator = Literal["==", "!=", "<", "<=", ">", ">="]
Scalar = bool | int | float | str | None

COLUMNS: tuple[str, ...] = get_args(Column)
MOMENTS = frozenset({"modtime", "last_login"})
"""Columns that are compared with moments, as ISO 8601; without a zone they are in UTC."""
_LONGEST_TEXT = 4000
_MOST_PARTS = 100
_DEEPEST = 20
_OPERATORS: dict[type[ast.cmpop], Operator] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


class BadFilter(Malformed):
    """This is no condition on sessions. Write it like (DA.Sessions.filename == 'package:data/questions/file.yml')."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Compared(_Part):
    """A column beside a value."""

    kind: Literal["compared"] = "compared"
    column: Column
    operator: Operator
    value: Scalar


class Like(_Part):
    """A column that looks like a pattern of SQL: `%` stands for anything, `_` for one letter."""

    kind: Literal["like"] = "like"
    column: Column
    pattern: str = Field(max_length=_LONGEST_TEXT)


class Among(_Part):
    """A column that has one of these values."""

    kind: Literal["among"] = "among"
    column: Column
    values: tuple[Scalar, ...] = Field(max_length=1000)


class Joined(_Part):
    """All, or one at least, of several conditions."""

    kind: Literal["joined"] = "joined"
    how: Literal["and", "or"]
    parts: tuple[Filter, ...] = Field(min_length=1, max_length=_MOST_PARTS)


class Negated(_Part):
    """What a condition does not hold for."""

    kind: Literal["negated"] = "negated"
    part: Filter


Filter = Annotated[Compared | Like | Among | Joined | Negated, Field(discriminator="kind")]
Joined.model_rebuild()
Negated.model_rebuild()


def checked(found: Filter) -> Filter:
    """The same, if it is no deeper than can be worked on. Raises BadFilter."""
    _check(found, _DEEPEST)
    return found


def _check(found: Filter, depth: int) -> None:
    if depth == 0:
        raise BadFilter("The condition has too many parentheses within each other.")
    match found:
        case Joined():
            for part in found.parts:
                _check(part, depth - 1)
        case Negated():
            _check(found.part, depth - 1)
        case Compared():
            value_for(found.column, found.value)
        case Among():
            for value in found.values:
                value_for(found.column, value)
        case Like():
            if found.column in MOMENTS or found.column in ("encrypted", "user_id"):
                raise BadFilter(f"Only texts look like a pattern; {found.column} is none.")


def value_for(column: str, value: Scalar) -> bool | int | str | datetime | None:
    """A value as a column is compared with it. Raises BadFilter."""
    if value is None:
        return None
    if column in MOMENTS:
        if isinstance(value, str):
            try:
                moment = datetime.fromisoformat(value)
            except ValueError:
                raise BadFilter(f"{column} is compared with a moment like 2024-05-01T12:00:00.") from None
            return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        raise BadFilter(f"{column} is compared with a moment like 2024-05-01T12:00:00.")
    if column == "encrypted":
        if isinstance(value, bool) or value in (0, 1):
            return bool(value)
        raise BadFilter("encrypted is True or False.")
    if column == "user_id":
        text = str(value)
        if isinstance(value, bool) or not text.isascii() or not text.isdigit() or len(text) > 18:
            raise BadFilter("user_id is compared with the number of an account.")
        return int(text)
    if isinstance(value, str) and len(value) <= _LONGEST_TEXT:
        return value
    raise BadFilter(f"{column} is compared with a text.")


def told(value: object) -> Scalar:
    """What interview code compares a column with, as a message has it. Raises BadFilter."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise BadFilter(f"A column of a session is compared with texts, numbers and moments, not with {value!r:.100}.")


# -- As a text


def read(text: str) -> Filter:
    """The condition that a text writes out. Raises BadFilter."""
    if len(text) > _LONGEST_TEXT:
        raise BadFilter("The condition is too long.")
    try:
        tree = ast.parse(text.strip(), mode="eval")
        return checked(_read(tree.body))
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # pydantic's errors are ValueErrors
        raise BadFilter from None


def _read(node: ast.expr) -> Filter:
    match node:
        case ast.BinOp(left=left, op=ast.BitAnd(), right=right):
            return Joined(how="and", parts=(_read(left), _read(right)))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Joined(how="or", parts=(_read(left), _read(right)))
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            return Negated(part=_read(operand))
        case ast.Compare(left=left, ops=[operator], comparators=[right]) if type(operator) in _OPERATORS:
            return Compared(column=_column(left), operator=_OPERATORS[type(operator)], value=_value(right))
        case ast.Call(func=ast.Attribute(value=ast.Name(id="DA"), attr="And" | "Or" as how), args=parts, keywords=[]):
            return Joined(how="and" if how == "And" else "or", parts=tuple(_read(part) for part in parts))
        case ast.Call(func=ast.Attribute(value=left, attr="Like"), args=[pattern], keywords=[]):
            found = _value(pattern)
            if isinstance(found, str):
                return Like(column=_column(left), pattern=found)
        case ast.Call(func=ast.Attribute(value=left, attr="In"), args=arguments, keywords=[]):
            return Among(column=_column(left), values=_values(arguments))
    raise BadFilter


def _column(node: ast.expr) -> Column:
    match node:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="DA"), attr="Sessions"), attr=name) if name in COLUMNS:
            return name  # type: ignore[return-value]  # it is one of them
    raise BadFilter


def _values(arguments: Sequence[ast.expr]) -> tuple[Scalar, ...]:
    match arguments:
        case [ast.List(elts=elements)] | [ast.Tuple(elts=elements)] | [ast.Set(elts=elements)]:
            return tuple(_value(one) for one in elements)
    return tuple(_value(one) for one in arguments)


def _value(node: ast.expr) -> Scalar:
    match node:
        case ast.Constant(value=value) if value is None or isinstance(value, bool | int | float | str):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
    raise BadFilter
