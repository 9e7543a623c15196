"""Which fields a template has: those of a PDF form, or the variables that a DOCX or Markdown template asks for.

Nothing of a template is run: Jinja2, Mako and Python are read as trees. Of `user.name.full()` the field is `user.name`,
of `currency(fee)` it is `fee`; what a loop or a `set` names itself is none.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables
from mako.exceptions import MakoException
from mako.lexer import Lexer
from mako.parsetree import Code, ControlLine, Expression

from shared.interview.documents.docx_template import TemplateBroken
from shared.interview.documents.errors import DocumentUnreadable, NotConvertible
from shared.interview.documents.layout import Block, Document, Footnote, Inline, Paragraph, Span, Table
from shared.interview.documents.pdf import Piece
from shared.interview.documents.pdf_fields import fields_of
from shared.interview.documents.read_docx import read_docx

_TAG_OF_WORD = re.compile(r"(\{[{%])(?:p|r|tr|tc)\s")
_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})
_HEAD = re.compile(r"(?s)^\s*---\s*\n.*?\n---\s*\n")
_BUILTINS = frozenset(dir(builtins)) | {"loop", "self", "context", "caller"}


@dataclass(frozen=True, slots=True)
class TemplateFields:
    """The fields in the order of the template; of a PDF also what is known of each."""

    fields: list[str]
    default_values: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    locations: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Page (from 1) and `[left, bottom, right, top]` in points."""
    export_values: dict[str, str] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As JSON."""
        found: dict[str, Any] = {"fields": self.fields}
        for name in ("default_values", "types", "locations", "export_values"):
            if self.types:
                found[name] = getattr(self, name)
        return found


def fields_in(path: Path, *, kind: str, name: str) -> TemplateFields:
    """The fields of a template of this kind: pdf, docx or md.

    Raises NotConvertible for other kinds, TemplateBroken, DocumentUnreadable, DocumentLocked, DocumentTooLarge.
    """
    match kind:
        case "pdf":
            return _of_pdf(Piece(path, name=name))
        case "docx":
            return TemplateFields(_distinct(_of_jinja(_words(read_docx(path, name=name)), name)))
        case "md":
            try:
                text = path.read_bytes().decode()
            except UnicodeDecodeError as error:
                raise DocumentUnreadable(name, "Markdown", "it is not UTF-8") from error
            return TemplateFields(_distinct(_of_mako(text, name)))
        case _:
            raise NotConvertible(name, "a list of fields")


def _of_pdf(piece: Piece) -> TemplateFields:
    found = TemplateFields([])
    for one in fields_of(piece):
        if one.name not in found.types:
            found.fields.append(one.name)
            found.default_values[one.name] = one.value
            found.types[one.name] = one.kind
            found.locations[one.name] = {"page": one.page, "box": list(one.place)}
            if one.export_value:
                found.export_values[one.name] = one.export_value
    return found


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


# -- Word: Jinja2


def _words(document: Document) -> str:
    """All words, a paragraph a line, as the template's language sees them."""
    lines: list[str] = []
    for section in document.sections:
        for blocks in (section.header, section.blocks, section.footer, section.first_header, section.first_footer):
            lines += _lines(blocks or [])
    return _TAG_OF_WORD.sub(r"\1 ", "\n".join(lines).translate(_QUOTES))


def _lines(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Paragraph):
            yield "".join(_plain(block.inlines))
        elif isinstance(block, Table):
            for row in block.rows:
                for cell in row:
                    yield from _lines(cell.blocks)


def _plain(inlines: Iterable[Inline]) -> Iterator[str]:
    for inline in inlines:
        if isinstance(inline, Span):
            yield inline.text
        elif isinstance(inline, Footnote):
            yield from _plain(inline.inlines)
        else:
            yield " "


def _of_jinja(text: str, name: str) -> Iterator[str]:
    try:
        tree = Environment(autoescape=True).parse(text)
    except TemplateSyntaxError as error:
        raise TemplateBroken(name, str(error.message or error).rstrip(".")) from error
    except RecursionError as error:
        raise TemplateBroken(name, "it is nested too deep") from error
    yield from _JinjaFields(frozenset(find_undeclared_variables(tree))).of(tree)


class _JinjaFields:
    def __init__(self, asked: frozenset[str]) -> None:
        self._asked = asked

    def of(self, node: nodes.Node) -> Iterator[str]:
        chain = self._chain(node)
        if chain:
            yield chain
            return
        if isinstance(node, nodes.Call):
            inner = node.node
            yield from self.of(inner.node) if isinstance(inner, nodes.Getattr) else ()
            for each in (*node.args, *(one.value for one in node.kwargs)):
                yield from self.of(each)
            return
        for child in node.iter_child_nodes():
            yield from self.of(child)

    def _chain(self, node: nodes.Node) -> str:
        match node:
            case nodes.Name(ctx="load") if node.name in self._asked:
                return node.name
            case nodes.Getattr():
                base = self._chain(node.node)
                return f"{base}.{node.attr}" if base else ""
            case nodes.Getitem() if isinstance(node.arg, nodes.Const):
                base = self._chain(node.node)
                return f"{base}[{node.arg.value!r}]" if base else ""
        return ""


# -- Markdown: Mako


def _of_mako(text: str, name: str) -> Iterator[str]:
    try:
        tree = Lexer(_HEAD.sub("", text, count=1)).parse()
    except (MakoException, RecursionError) as error:
        raise TemplateBroken(name, str(error).rstrip(".")) from error
    sources: list[ast.AST] = []
    for node in _nodes(tree):
        if isinstance(node, Expression):
            sources.append(_parsed(node.text, name))
        elif isinstance(node, ControlLine) and not node.isend:
            sources.append(_parsed(_whole(node.text.strip()), name))
        elif isinstance(node, Code):
            sources.append(_parsed(node.text, name))
    own = {
        one.id
        for tree in sources
        for one in ast.walk(tree)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    }
    fields = _PythonFields(_BUILTINS | own)
    for source in sources:
        yield from fields.of(source)


def _nodes(node: Any) -> Iterator[Any]:
    for child in getattr(node, "nodes", ()) or ():
        yield child
        yield from _nodes(child)


def _whole(line: str) -> str:
    """A line of control as a statement that can be read alone."""
    keyword = line.split(None, 1)[0].rstrip(":") if line else ""
    match keyword:
        case "elif":
            return f"if{line.removeprefix('elif')} pass"
        case "else" | "try" | "except" | "finally":
            return "pass"
        case _:
            return f"{line} pass"


def _parsed(source: str, name: str) -> ast.AST:
    try:
        return ast.parse(source.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise TemplateBroken(name, f"“{source.strip()[:80]}” is no Python") from error


class _PythonFields:
    def __init__(self, known: frozenset[str]) -> None:
        self._known = known

    def of(self, node: ast.AST) -> Iterator[str]:
        chain = self._chain(node)
        if chain:
            yield chain
            return
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield from self.of(node.func.value)
            for each in (*node.args, *(one.value for one in node.keywords)):
                yield from self.of(each)
            return
        for child in ast.iter_child_nodes(node):
            yield from self.of(child)

    def _chain(self, node: ast.AST) -> str:
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name not in self._known:
                return name
            case ast.Attribute(value=inner, attr=attribute):
                base = self._chain(inner)
                return f"{base}.{attribute}" if base else ""
            case ast.Subscript(value=inner, slice=ast.Constant(value=key)):
                base = self._chain(inner)
                return f"{base}[{key!r}]" if base else ""
        return ""
