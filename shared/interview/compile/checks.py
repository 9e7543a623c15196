"""What a compiled interview says of itself that cannot be right: for `colloquy lint`, nothing is run (DESIGN §5).

Best effort: names may be defined in ways that cannot be seen without running, so all of it is warnings.
"""

from __future__ import annotations

import ast
import dis
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from types import CodeType
from typing import Any

from shared.interview.compile.blocks import (
    Block,
    CodeBlock,
    DeadEnd,
    Definer,
    FieldItem,
    Fields,
    ModulesBlock,
    QuestionBlock,
)
from shared.interview.compile.expressions import Code, Expression, Text
from shared.interview.compile.fields import BUILT_IN
from shared.interview.compile.interview import Finding, Interview
from shared.interview.compile.names import IllegalName, parsed
from shared.interview.compile.template_checks import NamesOfTemplate, check_templates
from shared.interview.errors import Position

NamesOfModule = Callable[[str, ModulesBlock], frozenset[str] | None]
"""What a module brings into an interview by `modules`, or None when that cannot be known without running it.

Raises LookupError when the interview's own package has no such module.
"""

_GIVEN = frozenset(
    {
        "url_args", "nav", "x", "i", "j", "k", "l", "m", "n", "row_item", "row_index", "session_local", "device_local",
        "user_local", "role", "role_needed", "role_event", "menu_items", "multi_user", "allow_cron", "speak_text",
        "track_location", "incoming_email", "incoming_text",
    }
)  # fmt: skip
"""Names that have a value, or a meaning when they are asked after, without any block."""


def check(
    interview: Interview, known: Iterable[str], names_of_module: NamesOfModule, names_of_template: NamesOfTemplate
) -> Iterator[Finding]:
    """All warnings. `known` are the names of Python and of the library."""
    yield from _ids_used_twice(interview)
    yield from _steps(interview)
    yield from _datatypes(interview)
    # A file to be included does not define all it needs; a catch-all defines whatever is asked for.
    defines_all = bool(interview.steps) and not interview.features.get("use catchall")
    missing = list(_missing_modules(interview, names_of_module)) if defines_all else []
    yield from missing
    defined = _defined(interview, names_of_module) if defines_all and not missing else None
    if defined is not None:
        defined |= _GIVEN | set(known)
    for block in interview.blocks:
        yield from check_templates(block, names_of_template, defined)
        if defined is not None:
            yield from _undefined_names(block, defined)
        if defined is not None and isinstance(block, Definer):
            yield from _undefined_mentions(block, defined)


def _warning(message: str, position: Position) -> Finding:
    return Finding("warning", message, position)


# Blocks
def _ids_used_twice(interview: Interview) -> Iterator[Finding]:
    seen: dict[tuple[str, str], Definer] = {}
    for block in interview.definers:
        if block.id is None:
            continue
        first = seen.setdefault((block.id, block.language), block)
        if first is not block:
            yield _warning(
                f"The id {block.id!r} is used twice, first in {first.position.file}, line {first.position.line}: what "
                "is remembered of one block counts for the other",
                block.position,
            )


def _steps(interview: Interview) -> Iterator[Finding]:
    """Blocks that run by themselves: whether there are any, whether they end, whether they are reached."""
    if interview.definers and not interview.steps:
        yield Finding(
            "note",
            "No block is mandatory or initial: this can be included, but has nothing to show when it is opened",
            interview.definers[0].position,
        )
    end: QuestionBlock | None = None
    for block in interview.steps:
        if end is not None and block.language == end.language and not block.initial:
            yield _warning(
                f"This is never reached: the mandatory question in line {end.position.line} of {end.position.file} "
                "has no way to go on",
                block.position,
            )
            end = None
        if isinstance(block, QuestionBlock) and _is_end(block):
            end = block
        if isinstance(block, CodeBlock) and not block.conditions and _starts_over(block):
            yield _warning(
                "This code runs by itself and always starts the interview over: it can never end", block.position
            )


def _is_end(block: QuestionBlock) -> bool:
    return (
        isinstance(block.style, DeadEnd)
        and block.mandatory is True
        and not block.conditions
        and not block.initial
        and block.generic_object is None
    )


def _starts_over(block: CodeBlock) -> bool:
    if block.mandatory is not True and block.initial is not True:
        return False
    for statement in ast.parse(block.code.source).body:
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Name(id="re_run_logic"))):
                return True
    return False


def _datatypes(interview: Interview) -> Iterator[Finding]:
    if any(block.brings_all_names and not _is_library(name) for block in interview.modules for name in block.modules):
        return
    for block in interview.definers:
        for item in _items(block):
            if item.kind == "field" and item.datatype not in BUILT_IN:
                yield _warning(
                    f"There is no datatype {item.datatype!r}, and no module that could bring it", item.position
                )


def _is_library(name: str) -> bool:
    return name.startswith("docassemble.base")


def _items(block: Block) -> tuple[FieldItem, ...]:
    return block.style.items if isinstance(block, QuestionBlock) and isinstance(block.style, Fields) else ()


# Names
def _missing_modules(interview: Interview, names_of_module: NamesOfModule) -> Iterator[Finding]:
    for modules in interview.modules:
        for name in modules.modules:
            try:
                names_of_module(name, modules)
            except LookupError:
                yield Finding(
                    "error",
                    f"There is no module {name} in {modules.package}: the interview cannot start without it",
                    modules.position,
                )


def _defined(interview: Interview, names_of_module: NamesOfModule) -> set[str] | None:
    """The first parts of all names that something defines; None when modules bring names that cannot be known."""
    found = {_base(name) for name, _ in interview.index.blocks()}
    for block in interview.blocks:
        if isinstance(block, Definer):
            found.update(_base(name) for name in (*block.mentions, *block.defines))
        found.update(name for code in _codes(block) for name, _ in _instructions(code, "STORE"))
    for modules in interview.modules:
        for name in modules.modules:
            if not modules.brings_all_names:
                found.add(name.lstrip(".").split(".")[0])
                continue
            brought = names_of_module(name, modules)
            if brought is None:
                return None
            found |= brought
    return found


def _undefined_names(block: Block, defined: set[str]) -> Iterator[Finding]:
    seen: set[str] = set()
    for code in _codes(block):
        for name, line in _instructions(code, "LOAD"):
            if name in defined or name in seen or name.startswith("__"):
                continue
            seen.add(name)
            yield _warning(
                f"Nothing defines {name}", Position(block.position.file, line or block.position.line, block.name)
            )


def _undefined_mentions(block: Definer, defined: set[str]) -> Iterator[Finding]:
    lists = {"depends on": block.depends_on, "undefine": block.undefine, "reconsider": block.reconsider}
    for key, names in lists.items():
        for name in names:
            if _base(name) not in defined:
                yield _warning(f"`{key}` mentions {name}, but nothing defines it", block.position)
    for item in _items(block):
        for condition in item.conditions:
            if condition.variable and _base(condition.variable) not in defined:
                yield _warning(f"This field depends on {condition.variable}, but nothing defines it", item.position)
    if isinstance(block, QuestionBlock) and block.check_in and _base(block.check_in) not in defined:
        yield _warning(f"`check in` names {block.check_in}, but no block is that action", block.position)


def _base(name: str) -> str:
    try:
        return parsed(name)[0]
    except IllegalName:
        return name


def _codes(value: Any) -> Iterator[CodeType]:
    """All compiled code in a block, in the order of its keys."""
    match value:
        case Code() | Expression():
            yield value.code
        case Text():
            if value.template is not None:
                yield value.template
        case dict():
            for item in value.values():
                yield from _codes(item)
        case list() | tuple():
            for item in value:
                yield from _codes(item)
        case _ if is_dataclass(value) and not isinstance(value, (type, Position)):
            for field in fields(value):
                yield from _codes(getattr(value, field.name))


def _instructions(code: CodeType, kind: str) -> Iterator[tuple[str, int | None]]:
    """Names of the interview that code reads (`LOAD`) or writes (`STORE`), with their lines; functions inside too."""
    wanted = (f"{kind}_NAME", f"{kind}_GLOBAL")
    for instruction in dis.get_instructions(code):
        if instruction.opname in wanted:
            line = instruction.positions.lineno if instruction.positions is not None else None
            yield str(instruction.argval), line
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _instructions(constant, kind)
