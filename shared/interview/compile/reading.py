"""What every reader of a block uses: typed access to its keys, with the place of each for error messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.interview.compile.expressions import Code, Expression, Flag, Text
from shared.interview.compile.interview import Finding
from shared.interview.compile.names import is_legal, normalised
from shared.interview.compile.python import compile_code, compile_expression, names_assigned, names_used
from shared.interview.compile.templates import compile_template, is_template, lost_headings
from shared.interview.errors import Position, SourceError
from shared.interview.source.documents import Mapping, Sequence
from shared.interview.source.reader import RawBlock

_CONTEXT_NAME = re.compile(r"\b([xijklmn])\b")
_LOST_HEADING = (
    "A line that begins with ## is a comment of Mako and is not shown: for a heading write ### and a space,"
    " for a comment leave out the space behind ##"
)


@dataclass(slots=True)
class Scope:
    """What the blocks of one interview share while they are read."""

    definitions: dict[str, str] = field(default_factory=dict)
    """Named Mako of `def` blocks so far."""
    findings: list[Finding] = field(default_factory=list)
    calls_process_action: bool = False
    problems: list[SourceError] | None = None
    """Where mistakes in texts, code and fields are collected, so that reading goes on; None: the first is raised."""
    has_lost_names: bool = False
    """Something could not be read that may define names."""


class Reading:
    """One block being read. All methods raise SourceError, naming the key, when a value has a wrong shape."""

    def __init__(self, raw: RawBlock, scope: Scope, *, name: str, language: str, number: int) -> None:
        self.raw, self.scope, self.name, self.language, self.number = raw, scope, name, language, number
        self.data = raw.data
        self.position = Position(raw.file, raw.line, name)
        self.defines: list[str] = []
        """Names the block can define, in the order found."""
        self.used: set[str] = set()
        """Which of x, i … n it mentions."""
        self._prefix = ""

    # Places and complaints
    def at(self, mapping: Any, key: Any) -> Position:
        """Where a key stands."""
        return Position(self.raw.file, _line(mapping, key, self.raw.line), self.name)

    def value_at(self, mapping: Any, key: Any) -> Position:
        """Where a value begins."""
        line = mapping.value_line_of(key) if isinstance(mapping, Mapping) else _line(mapping, key, self.raw.line)
        return Position(self.raw.file, line, self.name)

    def wrong(self, message: str, mapping: Any = None, key: Any = None) -> SourceError:
        """An error at this key, to be raised."""
        return SourceError(message, self.position if mapping is None else self.at(mapping, key))

    def warn(self, message: str, mapping: Any = None, key: Any = None) -> None:
        """Tell `colloquy lint` about something that is accepted."""
        where = self.position if mapping is None else self.at(mapping, key)
        self.scope.findings.append(Finding("warning", message, where))

    def tolerate(self, problem: SourceError) -> None:
        """Collect a problem and go on, where problems are collected. Raises it else."""
        if self.scope.problems is None:
            raise problem
        self.scope.problems.append(problem)

    def check_keys(self, mapping: Mapping, allowed: Iterable[str], what: str) -> None:
        """Warn of keys that have no meaning here."""
        for key in mapping:
            if key not in allowed:
                self.warn(f"The key {key!r} has no meaning in {what}; it is ignored", mapping, key)

    # Texts
    def use_definitions(self, names: tuple[str, ...]) -> None:
        """Prepend the named `def` blocks to all texts read from here on."""
        self._prefix = self.definition(names)

    def definition(self, names: tuple[str, ...]) -> str:
        """The Mako of named `def` blocks. Raises SourceError for one that there is not."""
        pieces = []
        for name in names:
            if name not in self.scope.definitions:
                raise self.wrong(f"`usedefs` names {name}, but no `def` block before this one has that name")
            pieces.append(self.scope.definitions[name])
        return "".join(piece.rstrip("\n") + "\\\n" for piece in pieces)

    @contextmanager
    def definitions(self, names: tuple[str, ...]) -> Iterator[None]:
        """Prepend named `def` blocks to the texts read meanwhile, beside those of the block."""
        before = self._prefix
        self._prefix = before + self.definition(names)
        yield
        self._prefix = before

    def text_of(self, value: Any, position: Position) -> Text:
        """A scalar as text."""
        if isinstance(value, (dict, list)):
            raise SourceError("A text is expected here, not a list or mapping", position)
        source = str(value)
        if not is_template(source):
            return Text(source, position)
        self.used.update(_CONTEXT_NAME.findall(source))
        full = self._prefix + source
        start = Position(position.file, position.line - self._prefix.count("\n"), position.block)
        try:
            compiled = compile_template(full, start)
        except SourceError as problem:
            self.tolerate(problem)
            return Text(source, position)
        for line in lost_headings(source):
            where = Position(position.file, position.line + line - 1, position.block)
            self.scope.findings.append(Finding("warning", _LOST_HEADING, where))
        return Text(source, position, compiled)

    def text(self, mapping: Mapping, key: Any) -> Text | None:
        """The text under a key; None when the key is absent or null."""
        value = mapping.get(key)
        return None if value is None else self.text_of(value, self.value_at(mapping, key))

    def required_text(self, mapping: Mapping, key: Any, what: str) -> Text:
        """The text under a key that has to be there."""
        text = self.text(mapping, key)
        if text is None:
            raise self.wrong(f"{what} needs the key {key!r}", mapping, key)
        return text

    def texts(self, mapping: Mapping, key: Any) -> tuple[Text, ...]:
        """One text or a list of them."""
        value = mapping.get(key)
        if value is None:
            return ()
        if isinstance(value, list):
            return tuple(self.text_of(item, self.at(value, place)) for place, item in enumerate(value))
        return (self.text_of(value, self.value_at(mapping, key)),)

    def compiled(self, value: Any, position: Position) -> Any:
        """A structure with its text leaves compiled; other scalars as they are."""
        if isinstance(value, dict):
            return {key: self.compiled(item, self.value_at(value, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.compiled(item, self.at(value, place)) for place, item in enumerate(value)]
        return self.text_of(value, position) if isinstance(value, str) else value

    # Python
    def expression_of(self, value: Any, position: Position) -> Expression:
        """A scalar as an expression."""
        if isinstance(value, (dict, list)) or value is None:
            raise SourceError("A Python expression is expected here", position)
        self.used |= names_used(str(value))
        for name in names_assigned(str(value)):
            self.add_definition(name)
        try:
            return compile_expression(str(value), position)
        except SourceError as problem:
            self.tolerate(problem)
            return compile_expression("None", position)

    def expression(self, mapping: Mapping, key: Any) -> Expression | None:
        """The expression under a key; None when absent or null."""
        value = mapping.get(key)
        return None if value is None else self.expression_of(value, self.value_at(mapping, key))

    def expressions(self, mapping: Mapping, key: Any) -> tuple[Expression, ...]:
        """One expression or a list of them."""
        value = mapping.get(key)
        if value is None:
            return ()
        if isinstance(value, list):
            return tuple(self.expression_of(item, self.at(value, place)) for place, item in enumerate(value))
        return (self.expression_of(value, self.value_at(mapping, key)),)

    def flag(self, mapping: Mapping, key: Any, default: bool = False) -> Flag:
        """A truth value or an expression."""
        value = mapping.get(key, default)
        if isinstance(value, bool):
            return value
        if value is None:
            return default
        return self.expression_of(value, self.value_at(mapping, key))

    def code(self, mapping: Mapping, key: Any) -> Code:
        """The statements under a key."""
        value = mapping[key]
        if isinstance(value, (dict, list)):
            raise self.wrong(f"{key!r} takes Python code, not a list or mapping", mapping, key)
        source = "" if value is None else str(value)
        self.used |= names_used(source)
        if "process_action(" in source:
            self.scope.calls_process_action = True
        try:
            return compile_code(source, self.value_at(mapping, key))
        except SourceError as problem:
            self.tolerate(problem)
            return compile_code("", self.position)

    # Names
    def strings(self, mapping: Mapping, key: Any) -> tuple[str, ...]:
        """A text or a list of texts, as they stand."""
        value = mapping.get(key)
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        if any(isinstance(item, (dict, list)) for item in items):
            raise self.wrong(f"{key!r} takes a text or a list of texts", mapping, key)
        return tuple(str(item).strip() for item in items)

    def bool_of(self, mapping: Mapping, key: Any, default: bool = False) -> bool:
        """A truth value."""
        value = mapping.get(key, default)
        return default if value is None else bool(value)

    def defines_name(self, name: str, mapping: Any = None, key: Any = None) -> str:
        """Register a saved name and give its normal spelling. Raises SourceError when it is not legal."""
        text = str(name).strip()
        if not is_legal(text):
            raise self.wrong(f"{text!r} is not a name that a value can be saved under", mapping, key)
        found = normalised(text)
        self.used |= names_used(found)
        self.add_definition(found)
        return found

    def add_definition(self, name: str) -> None:
        """Register a name the block can define."""
        found = normalised(name)
        if found not in self.defines:
            self.defines.append(found)

    def items(self, mapping: Mapping, key: Any) -> list[tuple[Any, Position]]:
        """The items of a list with their places; a single value counts as a list of one."""
        value = mapping.get(key)
        if value is None:
            return []
        if isinstance(value, Sequence):
            return [(item, self.at(value, place)) for place, item in enumerate(value)]
        return [(value, self.value_at(mapping, key))]


def _line(container: Any, key: Any, default: int) -> int:
    if isinstance(container, Mapping):
        return container.line_of(key)
    if isinstance(container, Sequence) and isinstance(key, int):
        return container.line_of(key)
    return default
