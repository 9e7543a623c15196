"""The names a Python module brings into an interview, found without running any code of its author."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from shared.kernel.interview_path import InterviewPath


class ModuleMissing(LookupError):
    """An interview's own package has no module of this name."""


def names_of_module(name: str, package: str, path: InterviewPath) -> frozenset[str] | None:
    """What `from name import *` gives in an interview of this package; None when that cannot be known.

    Raises ModuleMissing for a module that ought to lie in the package.
    """
    if name.startswith("."):
        name = f"{package}.{name.lstrip('.')}"
    if name.split(".")[0] in sys.stdlib_module_names or name.startswith("docassemble.base."):
        module = importlib.import_module(name)
        public: list[str] = getattr(module, "__all__", None) or [one for one in vars(module) if one[:1] != "_"]
        return frozenset(public)
    file = _file(name, package, path)
    if file is None:
        if name.startswith(f"{package}.") and any((folder / package / "data").is_dir() for folder in path.folders):
            raise ModuleMissing(name)
        return None
    return _names_in(file, path, package)


def _file(name: str, package: str, path: InterviewPath) -> Path | None:
    if not name.startswith(f"{package}."):
        return None
    inside = name[len(package) + 1 :].replace(".", "/")
    places = (folder / package / f"{inside}{ending}" for folder in path.folders for ending in (".py", "/__init__.py"))
    return next((place for place in places if place.is_file()), None)


def _names_in(file: Path, path: InterviewPath, package: str) -> frozenset[str] | None:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return None
    found: set[str] = set()
    for node in _outside_functions(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.Import(names=aliases):
                found.update(alias.asname or alias.name.split(".")[0] for alias in aliases)
            case ast.ImportFrom(names=[ast.alias(name="*")], module=module, level=level):
                brought = _brought("." * level + (module or ""), package, path)
                if brought is None:
                    return None
                found |= brought
            case ast.ImportFrom(names=aliases):
                found.update(alias.asname or alias.name for alias in aliases)
    return frozenset(found)


def _brought(name: str, package: str, path: InterviewPath) -> frozenset[str] | None:
    try:
        return names_of_module(name, package, path)
    except ModuleMissing:
        return None  # told when the module that wants it is imported


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes whose names are the module's own."""
    for node in ast.iter_child_nodes(tree):
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield from _outside_functions(node)
