"""Compile authors' Python with its place in the source, and find the names it can define (spec/area4 §3.1)."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from shared.interview.compile.expressions import Code, Expression
from shared.interview.errors import Position, SourceError

_CONTEXT = frozenset({"x", "i", "j", "k", "l", "m", "n"})


def compile_expression(source: str, position: Position) -> Expression:
    """One expression. Raises SourceError with the line it is wrong on."""
    text = source.strip()
    tree = _parsed(f"({text}\n)", "eval", position, written=text)
    return Expression(text, compile(tree, position.file, "eval", dont_inherit=True), position)


def compile_code(source: str, position: Position) -> Code:
    """Statements, and the names they define. Raises SourceError with the line they are wrong on."""
    tree = _parsed(source, "exec", position)
    assert isinstance(tree, ast.Module)
    defines = tuple(dict.fromkeys(_Definitions.of(tree)))
    return Code(source, compile(tree, position.file, "exec", dont_inherit=True), position, defines)


def names_used(source: str) -> frozenset[str]:
    """Which of x, i … n an expression or a text of Python mentions; empty when it is no Python."""
    try:
        tree = ast.parse(source.strip())
    except (SyntaxError, ValueError):
        return frozenset()
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in _CONTEXT)


def names_assigned(source: str) -> tuple[str, ...]:
    """What an expression may give a value to: by `define()` or by `:=`; nothing when it is no Python."""
    if "define(" not in source and ":=" not in source:
        return ()
    try:
        return tuple(dict.fromkeys(_Definitions.of(ast.parse(f"({source.strip()}\n)", mode="eval"))))
    except (SyntaxError, ValueError):
        return ()


def calls(source: str, function: str) -> bool:
    """Whether a text of Python may call this function."""
    return f"{function}(" in source


def _parsed(source: str, mode: str, position: Position, written: str | None = None) -> Any:
    """The syntax tree, on the lines of the file; `written` is the author's part of the source."""
    try:
        tree = ast.parse(source, filename=position.file, mode=mode)
    except SyntaxError as error:
        lines = (source if written is None else written).splitlines() or [""]
        place = min(max((error.lineno or 1) - 1, 0), len(lines) - 1)
        line, shown = position.line + place, lines[place].strip()
        raise SourceError(
            f"Python: {error.msg}" + (f": {shown}" if shown else ""), Position(position.file, line, position.block)
        ) from error
    except ValueError as error:
        raise SourceError(f"Python: {error}", position) from error
    return ast.increment_lineno(tree, position.line - 1)


class _Definitions(ast.NodeVisitor):
    """Collects what statements assign at the top level of a code block; the insides of functions are their own."""

    def __init__(self) -> None:
        self.names: list[str] = []

    @classmethod
    def of(cls, tree: ast.AST) -> list[str]:
        visitor = cls()
        visitor.visit(tree)
        return visitor.names

    def visit_Assign(self, node: ast.Assign) -> None:
        self._targets(node.targets)
        self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._targets([node.target])
        self.visit(node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._targets([node.target])
            self.visit(node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._targets([node.target])
        self.visit(node.value)

    def visit_For(self, node: ast.For) -> None:
        self._targets([node.target])
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.names.append(node.name)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.names.append(node.name)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.names.append(node.name)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        return

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if alias.asname:
                self.names.append(alias.asname)
                continue
            parts = alias.name.split(".")
            self.names.extend(".".join(parts[: count + 1]) for count in range(len(parts)))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.names.extend(alias.asname or alias.name for alias in node.names if alias.name != "*")

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.names.append(node.name)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        match node:
            case ast.Call(func=ast.Name(id="define"), args=[ast.Constant(value=str(name)), *_]):
                self.names.append(name)
        self.generic_visit(node)

    def _targets(self, targets: Iterable[ast.expr]) -> None:
        for target in targets:
            match target:
                case ast.Tuple(elts=parts) | ast.List(elts=parts):
                    self._targets(parts)
                case ast.Starred(value=value):
                    self._targets([value])
                case _ if _is_usable(target):
                    self.names.append(ast.unparse(target))


def _is_usable(node: ast.expr) -> bool:
    match node:
        case ast.Name():
            return True
        case ast.Attribute(value=value):
            return _is_usable(value)
        case ast.Subscript(value=value, slice=ast.Constant() | ast.Name()):
            return _is_usable(value)
        case ast.Subscript(value=value, slice=ast.UnaryOp(op=ast.USub(), operand=ast.Constant())):
            return _is_usable(value)
        case _:
            return False
