"""Compile Mako text into one Python function whose free names are looked up at use (spec/area4 §7.1).

Mako's own generator binds every undeclared name when a template begins, which would ask for names of branches that
are never taken. So only Mako's lexer is used here; its nodes become the body of a function. Run with the answers as
its globals, a name that is missing raises `Undefined` at the moment it is used, and what `<% %>` assigns is local.
No name is reserved: `context`, `next` or `parent` may be variables of the interview.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from types import CodeType

from mako.exceptions import MakoException
from mako.lexer import Lexer
from mako.parsetree import (
    BlockTag,
    Code,
    Comment,
    ControlLine,
    DefTag,
    Expression,
    Node,
    Tag,
    Text,
    TextTag,
)

from shared.interview.compile.expressions import Text as AuthorsText
from shared.interview.errors import Position, SourceError

_TRIGGER = re.compile(r"<%|\$\{|% if|% for|% while|##")
_HEADING = re.compile(r"^([ \t]*)(#{3,6})(?= )", re.MULTILINE)
"""A heading of Markdown: Mako would take it for a comment, as it does `##`."""
_LOOKS_LIKE_A_HEADING = re.compile(r"[ \t]*(?:##[ \t]+|###+)[^#\s]")
_ARGUMENTS = "__write, __str, __filters, __loops, __answers"
_KNOWN_FILTERS = frozenset({"h", "x", "u", "trim", "entity", "str", "unicode"})


def is_template(source: str) -> bool:
    """Whether a text has Mako in it; all other text is literal, whatever `%` it contains."""
    return _TRIGGER.search(source) is not None


def template_text(source: str, position: Position) -> AuthorsText:
    """A text that did not come with a block. Raises SourceError."""
    return AuthorsText(source, position, compile_template(source, position) if is_template(source) else None)


def lost_headings(source: str) -> list[int]:
    """Lines, counted from 1, that look like headings of Markdown and are comments by the rules of Mako.

    A text that cannot be read has none.
    """
    lines = source.splitlines()
    if not any(_LOOKS_LIKE_A_HEADING.match(line) for line in lines):
        return []
    try:
        nodes = Lexer(_shielded(source)).parse().nodes
    except MakoException:
        return []
    return [line for line in _comments(nodes) if _LOOKS_LIKE_A_HEADING.match(lines[line - 1])]


def _comments(nodes: Iterable[Node]) -> Iterator[int]:
    for node in nodes:
        if isinstance(node, Comment):
            yield node.lineno
        elif isinstance(node, Tag):
            yield from _comments(node.nodes)


def _shielded(source: str) -> str:
    return _HEADING.sub(r"\1${'\2'}", source)


def compile_template(source: str, position: Position) -> CodeType:
    """The code of a function of (write, str, filters, loops, answers). Raises SourceError with file and line."""
    try:
        tree = Lexer(_shielded(source), filename=position.file).parse()
    except MakoException as error:
        line = getattr(error, "lineno", 1) or 1
        message = str(error).split(" in file ", 1)[0]
        raise SourceError(f"Mako: {message}", _moved(position, line)) from error
    writer = _Writer(position, uses_loop="loop" in source)
    writer.begin()
    writer.nodes(tree.nodes)
    return writer.finish()


def _moved(position: Position, line: int) -> Position:
    return Position(position.file, position.line + line - 1, position.block)


class _Writer:
    """Writes the Python of one template, remembering which line of the template each line comes from."""

    def __init__(self, position: Position, *, uses_loop: bool) -> None:
        self._position, self._uses_loop = position, uses_loop
        self._lines: list[str] = []
        self._origin: list[int] = []
        self._depth = 0
        self._closers: list[str] = []

    def begin(self) -> None:
        self._emit(f"def __template({_ARGUMENTS}):", 1)
        self._depth = 1
        self._emit("pass", 1)

    def nodes(self, nodes: Iterable[Node]) -> None:
        found = list(nodes)
        for node in found:
            if isinstance(node, DefTag):
                self._definition(node)
        for node in found:
            self._node(node)

    def _node(self, node: Node) -> None:
        match node:
            case Text():
                self._emit(f"__write({node.content!r})", node.lineno)
            case Expression():
                self._emit(f"__write({self._filtered(node)})", node.lineno)
            case Code():
                for offset, line in enumerate(node.text.splitlines()):
                    self._emit(line, node.lineno + offset)
            case ControlLine():
                self._control(node)
            case TextTag():
                self.nodes(node.nodes)
            case BlockTag():
                self.nodes(node.nodes)
            case DefTag() | Comment():
                pass
            case _:
                raise SourceError(
                    f"Mako: <%{getattr(node, 'keyword', '…')}> has no meaning in an interview",
                    _moved(self._position, node.lineno),
                )

    def _filtered(self, node: Expression) -> str:
        value = f"({node.text.strip()}\n)" if "#" in node.text else f"({node.text.strip()})"
        names = [name.strip() for name in (node.escapes or "").split(",") if name.strip()]
        if "n" not in names:
            value = f"__str({value})"
        for name in names:
            if name != "n":
                value = f"__filters[{name!r}]({value})" if name in _KNOWN_FILTERS else f"{name}({value})"
        return value

    def _control(self, node: ControlLine) -> None:
        if node.isend:
            self._depth -= 1
            if self._closers and self._closers.pop() == "loop":
                self._depth -= 1
                self._emit("finally:", node.lineno)
                self._emit("    loop = __loops._exit()", node.lineno)
            return
        text = node.text.strip()
        if node.keyword in {"elif", "else", "except", "finally"}:
            self._depth -= 1
        elif node.keyword == "for" and self._uses_loop:
            text = self._for_with_loop(text, node.lineno)
            self._closers.append("loop")
        else:
            self._closers.append("")
        self._emit(text, node.lineno)
        self._depth += 1
        self._emit("pass", node.lineno)

    def _for_with_loop(self, text: str, line: int) -> str:
        try:
            statement = ast.parse(text + " pass").body[0]
        except SyntaxError as error:
            raise SourceError(f"Mako: {error.msg}", _moved(self._position, line)) from error
        assert isinstance(statement, ast.For)
        self._emit(f"loop = __loops._enter({ast.unparse(statement.iter)})", line)
        self._emit("try:", line)
        self._depth += 1
        return f"for {ast.unparse(statement.target)} in loop:"

    def _definition(self, node: DefTag) -> None:
        self._emit(f"def {node.attributes['name']}:", node.lineno)
        self._depth += 1
        self._emit("__pieces = []", node.lineno)
        self._emit("__write = __pieces.append", node.lineno)
        self.nodes(node.nodes)
        self._emit("return ''.join(__pieces)", node.lineno)
        self._depth -= 1

    def _emit(self, text: str, line: int) -> None:
        for part in ("    " * self._depth + text).split("\n"):
            self._lines.append(part)
            self._origin.append(line)

    def finish(self) -> CodeType:
        """Parse, put the author's lines on the nodes, bind names that are assigned and read, compile."""
        try:
            tree = ast.parse("\n".join(self._lines))
        except SyntaxError as error:
            line = self._origin[min((error.lineno or 1), len(self._origin)) - 1]
            raise SourceError(f"Mako: {error.msg}", _moved(self._position, line)) from error
        for node in ast.walk(tree):
            if isinstance(node, (ast.expr, ast.stmt, ast.excepthandler, ast.arg, ast.keyword, ast.alias)):
                node.lineno = node.end_lineno = self._line(node.lineno)
                node.col_offset = node.end_col_offset = 0
        code = self._function(tree)
        assigned = sorted(
            name
            for name in {*code.co_varnames[code.co_argcount :], *code.co_cellvars}
            if not name.startswith("__") and name not in {"loop"}
        )
        if not assigned:
            return code
        function = tree.body[0]
        assert isinstance(function, ast.FunctionDef)
        bindings = "\n".join(f"if {name!r} in __answers: {name} = __answers[{name!r}]" for name in assigned)
        function.body[:1] = ast.parse(bindings).body
        return self._function(ast.fix_missing_locations(tree))

    def _line(self, generated: int) -> int:
        return self._position.line + self._origin[min(generated, len(self._origin)) - 1] - 1

    def _function(self, tree: ast.Module) -> CodeType:
        try:
            module = compile(tree, self._position.file, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            raise SourceError(f"Mako: {error}", self._position) from error
        return next(constant for constant in module.co_consts if isinstance(constant, CodeType))
