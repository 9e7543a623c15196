"""Names of variables as data: what is legal, one spelling for each, split into steps, with `x` and `i` replaced.

A name is a plain expression of attributes and items, e.g. `people[0].name.first` (spec/area4 §3.2).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache
from types import CodeType


class IllegalName(ValueError):
    """A saved name is a plain expression of attributes and items, without calls or operators."""


@lru_cache(maxsize=20_000)
def parsed(name: str) -> tuple[str, tuple[tuple[str, str, CodeType | None], ...]]:
    """The base name and its steps: ("attribute", name, None) or ("item", source, code). Raises IllegalName."""
    try:
        tree = ast.parse(name.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise IllegalName(name) from error
    steps: list[tuple[str, str, CodeType | None]] = []
    while not isinstance(tree, ast.Name):
        if isinstance(tree, ast.Attribute):
            steps.append(("attribute", tree.attr, None))
        elif isinstance(tree, ast.Subscript) and is_plain_index(tree.slice):
            index = ast.unparse(tree.slice)
            steps.append(("item", index, compile(index, "<index>", "eval")))
        else:
            raise IllegalName(name)
        tree = tree.value
    return tree.id, tuple(reversed(steps))


def is_plain_index(node: ast.expr) -> bool:
    """Constants, negative numbers, names, and plain expressions of attributes and items."""
    match node:
        case ast.Constant():
            return True
        case ast.Name():
            return True
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return True
        case ast.Attribute(value=value):
            return is_plain_index(value)
        case ast.Subscript(value=value, slice=index):
            return is_plain_index(value) and is_plain_index(index)
        case ast.Tuple(elts=parts):
            return all(is_plain_index(part) for part in parts)
        case _:
            return False


@lru_cache(maxsize=20_000)
def is_legal(name: str) -> bool:
    """Whether a variable may be saved under this name, also when the name comes from a browser.

    Python's own names (`__class__`) would reach beyond the session; `_internal` is ours.
    """
    if not name or any(mark in name for mark in "\n\r(){}*^#"):
        return False
    try:
        base, _ = parsed(name)
    except IllegalName:
        return False
    return base != "_internal" and not any(
        (isinstance(node, ast.Name) and node.id.startswith("__"))
        or (isinstance(node, ast.Attribute) and node.attr.startswith("__"))
        for node in ast.walk(ast.parse(name.strip(), mode="eval"))
    )


@lru_cache(maxsize=20_000)
def normalised(name: str) -> str:
    """One spelling for one name: `a["k"]` becomes `a['k']`. Names that cannot be parsed stay as they are."""
    try:
        base, steps = parsed(name)
    except IllegalName:
        return name
    return base + "".join(f".{text}" if kind == "attribute" else f"[{text}]" for kind, text, _ in steps)


@lru_cache(maxsize=20_000)
def parent_of(name: str) -> str | None:
    """The name of the object that holds it: `a.b` for `a.b.c` and `a.b[0]`; None for plain and illegal names."""
    try:
        base, steps = parsed(name)
    except IllegalName:
        return None
    if not steps:
        return None
    return base + "".join(f".{text}" if kind == "attribute" else f"[{text}]" for kind, text, _ in steps[:-1])


@lru_cache(maxsize=20_000)
def _substituted(name: str, replacements: tuple[tuple[str, str], ...]) -> str:
    texts = dict(replacements)

    class Replace(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            text = texts.get(node.id)
            return node if text is None else ast.parse(text, mode="eval").body

    try:
        return ast.unparse(Replace().visit(ast.parse(name.strip(), mode="eval")))
    except (SyntaxError, ValueError):
        return name


def substituted(name: str, replacements: Mapping[str, str]) -> str:
    """The name with some of its plain names replaced by expressions, e.g. x by `people[0]` and i by `2`."""
    return _substituted(name, tuple(replacements.items())) if replacements else normalised(name)
