"""Conditions on sessions as SQL: what stands behind each column, and the values as parameters. Runs nothing itself.

Conditions are on `s`, a row of session.sessions. Those on a person hold when they hold for anybody who takes part; in
one person's list, `a` being the row that says they take part, they are about this person alone: nobody learns about
others from what they find.
"""

from __future__ import annotations

import hashlib
from typing import assert_never

from shared.contracts.session_filter import (
    MOMENTS,
    Among,
    Compared,
    Filter,
    Joined,
    Like,
    Negated,
    Scalar,
    checked,
    value_for,
)

_OF_SESSION = {"modtime": "s.modified_at", "filename": "s.interview", "encrypted": "(not s.multi_user)"}
_OF_ACCOUNT = {
    "user_id": "p.id",
    "email": "p.email",
    "first_name": "p.first_name",
    "last_name": "p.last_name",
    "country": "p.country",
    "subdivisionfirst": "p.subdivision_first",
    "subdivisionsecond": "p.subdivision_second",
    "subdivisionthird": "p.subdivision_third",
    "organization": "p.organization",
    "timezone": "p.timezone",
    "language": "p.language",
    "last_login": "p.last_login_at",
}
_SQL = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_KINDS = {"encrypted": "boolean", "user_id": "bigint"}
_ACCOUNT = "p.id = case when {user} ~ '^[0-9]+$' then {user}::bigint end"
_ANYBODY = (
    f"exists (select 1 from session.attachments t join people.accounts p on {_ACCOUNT.format(user='t.user_id')} "  # noqa: S608
    "where t.session_id = s.id and {condition})"
)
_WHOSE = f"exists (select 1 from people.accounts p where {_ACCOUNT.format(user='a.user_id')} and {{condition}})"  # noqa: S608

EMAIL = f"coalesce((select p.email from people.accounts p where {_ACCOUNT.format(user='a.user_id')}), '')"  # noqa: S608
"""The address of the account that `a` names, if there is one."""


class Where:
    """Text and values of a condition. The first value is `$<first>`."""

    def __init__(self, condition: Filter | None, *, first: int, of_everybody: bool = False) -> None:
        """Raises BadFilter."""
        self._first = first
        self._person = _ANYBODY if of_everybody else _WHOSE
        self.values: list[object] = []
        self.text = "true" if condition is None else self._part(checked(condition))

    def _part(self, part: Filter) -> str:
        match part:
            case Joined():
                return "(" + f" {part.how} ".join(self._part(one) for one in part.parts) + ")"
            case Negated():
                return f"(not {self._part(part.part)})"
            case Compared():
                return self._compared(part)
            case Like():
                return self._like(part)
            case Among():
                either = [Compared(column=part.column, operator="==", value=one) for one in part.values]
                return self._part(Joined(how="or", parts=tuple(either))) if either else "false"
            case _:
                assert_never(part)

    def _compared(self, part: Compared) -> str:
        operator = _SQL[part.operator]
        if part.column == "session":
            return self._code(part, operator)
        if part.value is None:
            return self._without_value(part)
        value = self._value(part.column, part.value)
        if part.column in _OF_SESSION:
            return f"{_OF_SESSION[part.column]} {operator} {value}"
        return self._person.format(condition=f"{_OF_ACCOUNT[part.column]} {operator} {value}")

    def _code(self, part: Compared, operator: str) -> str:
        """The code of a session is known by its hash only: it is the same or another one."""
        if part.operator not in ("==", "!="):
            return "false"
        code = part.value if isinstance(part.value, str) else ""
        self.values.append(hashlib.sha256(code.encode()).digest())
        return f"s.code_hash {operator} ${self._first + len(self.values) - 1}"

    def _without_value(self, part: Compared) -> str:
        """Nobody who takes part has an account, or what is asked for was never set."""
        is_none = part.operator == "=="
        if part.operator not in ("==", "!="):
            return "false"
        if part.column in _OF_SESSION:
            return "false" if is_none else "true"
        if part.column == "user_id":
            has_one = self._person.format(condition="true")
        else:
            column = _OF_ACCOUNT[part.column]
            filled = f"{column} is not null" if part.column in MOMENTS else f"coalesce({column}, '') <> ''"
            has_one = self._person.format(condition=filled)
        return f"(not {has_one})" if is_none else has_one

    def _like(self, part: Like) -> str:
        if part.column == "session":
            return "false"
        self.values.append(part.pattern)
        pattern = f"${self._first + len(self.values) - 1}::text"
        if part.column in _OF_SESSION:
            return f"{_OF_SESSION[part.column]} like {pattern}"
        return self._person.format(condition=f"{_OF_ACCOUNT[part.column]} like {pattern}")

    def _value(self, column: str, value: Scalar) -> str:
        self.values.append(value_for(column, value))
        kind = "timestamptz" if column in MOMENTS else _KINDS.get(column, "text")
        return f"${self._first + len(self.values) - 1}::{kind}"
