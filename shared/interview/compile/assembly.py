"""From raw blocks to a compiled interview: which reader takes which block, and what the blocks say together."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, replace
from typing import Any

from shared.interview.compile.blocks import (
    AttachmentOptionsBlock,
    Block,
    CodeBlock,
    Definer,
    EmbeddedChoices,
    FeaturesBlock,
    HelpItem,
    ImagesBlock,
    LearningStoreBlock,
    MetadataBlock,
    ModulesBlock,
    OnChangeBlock,
    OrderBlock,
    QuestionBlock,
    RequireBlock,
    ResetBlock,
    ScreenPartsBlock,
    SectionsBlock,
    TermsBlock,
    ValidationMessagesBlock,
)
from shared.interview.compile.declarations import ALWAYS_ALLOWED, DECLARATIONS
from shared.interview.compile.definers import DEFINERS, FLOW_KEYS, finish, read_flow
from shared.interview.compile.expressions import Text
from shared.interview.compile.interview import Finding, Interview
from shared.interview.compile.questions import QUESTION_KEYS, STYLES, read_question
from shared.interview.compile.reading import Reading, Scope
from shared.interview.compile.screen_parts import TEXTS
from shared.interview.compile.templates import template_text
from shared.interview.errors import Position, SourceError
from shared.interview.source.documents import Mapping
from shared.interview.source.reader import InterviewSource, RawBlock

_LEFT_OUT = {
    "command": "`command` as a block is not supported; call command() in code",
}
_ALONE = ("metadata", "on change")
"""Declarations that share their document with nothing else (spec/area4 §2.1)."""
_TITLES = frozenset({"title", "short title", "tab title", "subtitle", "title url", "logo", "short logo", "error help"})


@dataclass(slots=True)
class Compilation:
    """A compiled interview, everything that is wrong with it, and the text it came from."""

    interview: Interview
    problems: list[SourceError]
    source: InterviewSource
    is_whole: bool
    """Whether every block was read: else names seem undefined that are not."""


def compile_interview(source: InterviewSource) -> Interview:
    """Compile. Raises the first SourceError."""
    result = compile_with_problems(source)
    if result.problems:
        raise result.problems[0]
    return result.interview


def compile_with_problems(source: InterviewSource) -> Compilation:
    """Compile what can be compiled and collect every problem, for lint."""
    problems = list(source.problems)
    scope = Scope(problems=problems, has_lost_names=bool(problems))
    languages: dict[str, str] = {}
    blocks: list[Block] = []
    roles: tuple[str, ...] = ()
    for raw in source.blocks:
        if "default language" in raw.data:
            languages[raw.file] = str(raw.data["default language"]).strip()
        language = str(raw.data.get("language") or languages.get(raw.file, "*")).strip()
        try:
            if "default role" in raw.data:
                value = raw.data["default role"]
                roles = tuple(str(role) for role in (value if isinstance(value, list) else [value]))
            blocks += _read(raw, scope, language)
        except SourceError as problem:
            problems.append(problem)
            scope.has_lost_names = True
    interview = Interview(
        reference=source.file.reference,
        package=source.file.package,
        stamps=tuple(source.stamps),
        blocks=tuple(blocks),
        calls_process_action=scope.calls_process_action,
        default_roles=roles,
    )
    _consolidate(interview)
    for translation in source.translations:
        position = Position(source.file.reference, 1, "translations")
        try:
            made = template_text(translation.text, position)
        except SourceError as problem:
            problems.append(problem)
            continue
        interview.translations.setdefault(translation.language, {})[translation.original.strip()] = made
    interview.findings = tuple(scope.findings)
    for found in problems:
        found.source_line = source.line_at(found.position)
    return Compilation(interview, problems, source, is_whole=not scope.has_lost_names)


def _read(raw: RawBlock, scope: Scope, language: str) -> list[Block]:
    """What stands in one YAML document: a question, declarations (which may share a document), or a definer."""
    data = raw.data
    identifier = data.get("id")
    if "question" in data:
        reading = _reading(raw, scope, language, _question_name(raw, identifier))
        reading.check_keys(data, QUESTION_KEYS | ALWAYS_ALLOWED | {"default role"}, "a question")
        return [read_question(reading, lambda mapping, place: _nested(reading, mapping, place))]
    defined = next((key for key in DEFINERS if key in data), None)
    if declared := [key for key in DECLARATIONS if key in data]:
        return _declarations(raw, scope, language, declared, defined)
    if defined is not None:
        return [_definer(raw, scope, language, defined)]
    if "require" in data:
        return [_requirement(_reading(raw, scope, language, _question_name(raw, identifier)))]
    reading = _reading(raw, scope, language, f"Block_{raw.number}")
    if (style := next((key for key in STYLES if key in data), None)) is not None:
        raise reading.wrong(f"A block with `{style}` asks something: it needs `question`", data, style)
    for key, reason in _LEFT_OUT.items():
        if key in data:
            reading.warn(reason)
            return []
    if not data.keys() <= {*ALWAYS_ALLOWED, "default role"}:
        keys = ", ".join(map(repr, data))
        reading.warn(f"Nothing is known to do with a block of {keys}; it is ignored")
    return []


def _declarations(raw: RawBlock, scope: Scope, language: str, declared: list[str], defined: str | None) -> list[Block]:
    """Several declarations may share a document, and one that gives variables a value may stand with them."""
    data = raw.data
    reading = _reading(raw, scope, language, f"Block_{raw.number}")
    alone = next((key for key in _ALONE if key in data), None)
    if alone is not None and (defined is not None or len(declared) > 1):
        other = defined or next(key for key in declared if key != alone)
        reading.tolerate(reading.wrong(f"`{alone}` stands in a block of its own, not beside `{other}`", data, other))
    own_keys = frozenset[str]().union(*(DECLARATIONS[key][1] for key in declared))
    if defined is not None:
        own_keys |= DEFINERS[defined][1] | FLOW_KEYS
    reading.check_keys(data, own_keys | ALWAYS_ALLOWED, f"a `{declared[0]}` block")
    blocks = [DECLARATIONS[key][0](reading) for key in declared]
    if defined is not None:
        blocks.append(_definer(raw, scope, language, defined, checks_keys=False))
    return blocks


def _definer(raw: RawBlock, scope: Scope, language: str, key: str, *, checks_keys: bool = True) -> Definer:
    define, own_keys = DEFINERS[key]
    reading = _reading(raw, scope, language, _question_name(raw, raw.data.get("id")))
    if checks_keys:
        reading.check_keys(raw.data, own_keys | FLOW_KEYS | ALWAYS_ALLOWED | {"default role"}, f"a `{key}` block")
    return define(reading)


def _reading(raw: RawBlock, scope: Scope, language: str, name: str) -> Reading:
    return Reading(raw, scope, name=name, language=language, number=raw.number)


def _question_name(raw: RawBlock, identifier: Any) -> str:
    return f"Question_{raw.number}" if identifier is None else f"ID {str(identifier).strip()}"


def _requirement(reading: Reading) -> Definer:
    """`require` with `orelse`; mandatory unless it says otherwise."""
    data = reading.data
    reading.check_keys(data, {"require", "orelse"} | FLOW_KEYS | ALWAYS_ALLOWED, "a `require` block")
    if not isinstance(data.get("orelse"), Mapping):
        raise reading.wrong("`require` needs `orelse`: the block for when a condition does not hold", data, "require")
    flow = read_flow(reading)
    flow["mandatory"] = reading.flag(data, "mandatory", True)
    required = reading.expressions(data, "require")
    return RequireBlock(**flow | finish(reading), required=required, otherwise=_nested(reading, data["orelse"], 0))


def _nested(outer: Reading, mapping: Mapping, place: int) -> Definer:
    """Read the block an embedded choice leads to; its names are found under the outer block."""
    data = mapping.renamed({key: str(key).lower() for key in mapping})
    raw = replace(outer.raw, data=data, line=mapping.line or outer.raw.line, source="")
    name = f"ID {data['id']}" if data.get("id") is not None else f"{outer.name}|{place}"
    reading = Reading(raw, outer.scope, name=name, language=outer.language, number=outer.number)
    if "question" in data:
        reading.check_keys(data, QUESTION_KEYS | ALWAYS_ALLOWED, "a question")
        return read_question(reading, lambda inner, index: _nested(reading, inner, index))
    for key, (define, own_keys) in DEFINERS.items():
        if key in data:
            reading.check_keys(data, own_keys | FLOW_KEYS | ALWAYS_ALLOWED, f"a `{key}` block")
            return define(reading)
    raise SourceError("A choice leads to a block with `question` or `code`, or to a command", reading.position)


def _consolidate(interview: Interview) -> None:
    """Fill in what the blocks say together; later blocks override earlier ones."""
    definers = [block for block in interview.blocks if isinstance(block, Definer)]
    interview.definers = tuple(definers)
    interview.steps = tuple(block for block in definers if block.mandatory or block.initial)
    for block in definers:
        for name in block.defines:
            interview.index.add(name, block)
        for inner in _with_nested(block):
            interview.by_name[inner.name] = inner
    order: list[str] = []
    modules: list[ModulesBlock] = []
    resets: list[str] = []
    changes: list[OnChangeBlock] = []
    for declaration in interview.blocks:
        match declaration:
            case MetadataBlock():
                _merge(interview.metadata, declaration.values)
                _metadata_texts(interview, declaration)
            case FeaturesBlock():
                _merge(interview.features, declaration.values)
            case ModulesBlock():
                modules.append(declaration)
            case ResetBlock():
                resets.extend(declaration.variables)
            case OnChangeBlock():
                changes.append(declaration)
            case OrderBlock():
                order.extend(declaration.ids)
            case _:
                _declare(interview, declaration)
    interview.modules, interview.resets, interview.on_change = tuple(modules), tuple(resets), tuple(changes)
    interview.index.settle(order)
    interview.always_reconsidered = tuple(
        block for block in definers if isinstance(block, CodeBlock) and block.reconsiders_always
    )
    interview.has_dependencies = bool(changes) or any(block.depends_on for block in definers)


def _declare(interview: Interview, block: Block) -> None:
    match block:
        case SectionsBlock():
            interview.sections[block.language] = block
        case ScreenPartsBlock():
            _overlay(interview.screen_parts.setdefault(block.language, {}), block.parts)
        case ValidationMessagesBlock():
            _overlay(interview.validation_messages.setdefault(block.language, {}), block.messages)
        case HelpItem():
            interview.help.setdefault(block.language, []).append(block)
        case TermsBlock():
            table = interview.auto_terms if block.is_automatic else interview.terms
            table.setdefault(block.language, {}).update(block.terms)
        case ImagesBlock():
            interview.images.update(block.images)
        case AttachmentOptionsBlock():
            interview.document_options += (block,)
        case LearningStoreBlock():
            interview.own_learning_file = block.file
        case _:
            pass


def _overlay(texts: dict[str, Text], more: AnyMapping[str, Text | None]) -> None:
    """Later texts override earlier ones; null takes one away."""
    for key, text in more.items():
        if text is None:
            texts.pop(key, None)
        else:
            texts[key] = text


def _with_nested(block: Definer) -> list[Definer]:
    found = [block]
    if isinstance(block, RequireBlock):
        found += _with_nested(block.otherwise)
    if isinstance(block, QuestionBlock) and isinstance(block.style, EmbeddedChoices):
        for choice in block.style.choices:
            if choice.block is not None:
                found += _with_nested(choice.block)
    return found


def _merge(into: dict[str, Any], values: AnyMapping[str, Any]) -> None:
    for key, value in values.items():
        present = into.get(key)
        if isinstance(present, dict) and isinstance(value, dict):
            merged = dict(present)
            _merge(merged, value)
            into[key] = merged
        else:
            into[key] = value


def _metadata_texts(interview: Interview, block: MetadataBlock) -> None:
    for key, value in block.values.items():
        if key not in _TITLES and key not in TEXTS:
            continue
        by_language = value if isinstance(value, dict) else {"*": value}
        for language, text in by_language.items():
            is_answer = isinstance(text, bool) and key == "title url opens in other window"
            if isinstance(text, (str, int, float)) and (is_answer or not isinstance(text, bool)):
                texts = interview.metadata_texts.setdefault(str(language), {})
                texts[key] = Text(str(text), Position(block.position.file, block.position.line, block.name))


def findings_of(compilation: Compilation, more: Iterable[Finding]) -> list[Finding]:
    """Problems, warnings of compilation and what was found besides, in the order of the files and their lines."""
    source = compilation.source
    found = [Finding("error", problem.message, problem.position) for problem in compilation.problems]
    found += [*compilation.interview.findings, *more]
    files = {file: place for place, file in enumerate(source.texts)}

    def place(finding: Finding) -> tuple[int, int]:
        position = finding.position
        return (files.get(position.file, len(files)), position.line) if position is not None else (-1, 0)

    with_lines = [replace(finding, source_line=source.line_at(finding.position)) for finding in found]
    return sorted(dict.fromkeys(with_lines), key=place)
