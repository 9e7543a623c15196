"""Bring Python modules into the namespace at the start of a run: they are never stored (spec/area4 §2.1)."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from shared.interview.compile.blocks import ModulesBlock
from shared.interview.errors import EvaluationError, Position
from shared.interview.evaluate import whereabouts
from shared.interview.runtime.namespace import BUILTINS_KEY, Builtins, builtins_with
from shared.interview.runtime.run import Run

_LIBRARY = frozenset(
    {
        "docassemble.base.util",
        "docassemble.base.functions",
        "docassemble.base.core",
        "docassemble.base.legal",
    }
)
"""Their names are in every namespace anyway."""


def bring_modules(run: Run) -> None:
    """Carry out all `imports` and `modules` blocks. Raises EvaluationError, with the block, for what is no module."""
    for block in run.interview.modules:
        for name in block.modules:
            if block.brings_all_names and name in _LIBRARY:
                _bring_library(run)
                continue
            module = _imported(run, name, block)
            if block.brings_all_names:
                run.answers.update(_own_names(module, run))
            else:
                _bind(run, name, module)


def _imported(run: Run, name: str, block: ModulesBlock) -> ModuleType:
    try:
        return importlib.import_module(name, package=block.package)
    except Exception as error:  # importing runs an author's code, which may raise anything
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        raise EvaluationError(
            f"The module {name} cannot be imported: {type(error).__name__}: {said}", _place_of(error, run, name, block)
        ) from error


def _place_of(error: Exception, run: Run, name: str, block: ModulesBlock) -> Position:
    """The line of the module where one of the author's is wrong, else the line that asks for it."""
    place = whereabouts.module_place(error, run)
    if place is not None:
        return Position(place.file, place.line, block.name)
    wanted = (line for line, text in enumerate(block.source.rstrip().splitlines()) if text.strip("-\"' ") == name)
    return Position(block.position.file, block.position.line + next(wanted, 0), block.name)


def _own_names(module: ModuleType, run: Run) -> dict[str, Any]:
    """What a module brings; what it has from the library itself stands behind the answers already."""
    library = run.answers[BUILTINS_KEY].library
    return {name: value for name, value in _public_names(module).items() if library.get(name, run) is not value}


def _bring_library(run: Run) -> None:
    """Let the library's names be seen in an interview that does without them but for this (`suppress loading util`)."""
    seen: Builtins = run.answers[BUILTINS_KEY]
    if not seen.library.keys() <= seen.keys():
        run.answers[BUILTINS_KEY] = builtins_with(seen.library)


def _public_names(module: ModuleType) -> dict[str, Any]:
    names = getattr(module, "__all__", None)
    if names is None:
        return {name: value for name, value in vars(module).items() if not name.startswith("_")}
    return {name: getattr(module, name) for name in names}


def _bind(run: Run, name: str, module: ModuleType) -> None:
    if name.startswith("."):
        run.answers[name.lstrip(".").split(".")[0]] = module
    else:
        top = name.split(".")[0]
        run.answers[top] = importlib.import_module(top)
