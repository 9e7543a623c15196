"""Python and text of authors, compiled once, with the place they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from shared.interview.errors import Position


@dataclass(frozen=True, slots=True)
class Expression:
    """One Python expression; evaluate with `eval(self.code, namespace)`."""

    source: str
    code: CodeType
    position: Position


@dataclass(frozen=True, slots=True)
class Code:
    """Python statements, and the names they can define (spec/area4 §3.1)."""

    source: str
    code: CodeType
    position: Position
    defines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """Author's text. `template` is its Mako, compiled (compile.templates); None when the text is literal."""

    source: str
    position: Position
    template: CodeType | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """`show if` and kin of one field; exactly one of `variable`, `javascript` is set, `code` may join `variable`."""

    sign: bool
    only_enables: bool
    variable: str | None = None
    value: Text | None = None
    javascript: Text | None = None
    code: Expression | None = None


Flag = bool | Expression
"""A YAML truth value or a Python expression."""


@dataclass(frozen=True, slots=True)
class Need:
    """`need`: expressions evaluated before and after a block."""

    pre: tuple[Expression, ...] = ()
    post: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class ActionItem:
    """One command of a review item or an action list (spec/area4 §2.8): a variable, or undefine/invalidate/set/…"""

    kind: str
    """`variable`, `follow up`, `undefine`, `invalidate`, `recompute`, `set`, `action`."""
    names: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
