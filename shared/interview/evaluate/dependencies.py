"""What follows from a change: `depends on`, invalidation that keeps defaults, reconsidering (spec/area4 §4.9)."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from shared.interview.compile.blocks import Definer
from shared.interview.compile.names import normalised, substituted
from shared.interview.evaluate.candidates import variants_of
from shared.interview.evaluate.missing import missing_name
from shared.interview.evaluate.whereabouts import innermost
from shared.interview.runtime.effects import LogLine
from shared.interview.runtime.run import Run


def invalidate(run: Run, name: str) -> None:
    """Undefine a name, keep its value as default, and go on with all that depends on it."""
    _invalidate(run, normalised(name), set())


def variables_changed(run: Run, names: Iterable[str]) -> None:
    """These variables have other values now: invalidate their dependents, run `on change` code."""
    if not run.interview.has_dependencies:
        return
    seen: set[str] = set(names)
    for name in list(seen):
        _invalidate_dependents(run, name, seen)
        _on_change(run, name)


def reconsider(run: Run, name: str) -> None:
    """Undefine a name so that it is sought again; once per run. Raises the missing name, when it had a value."""
    name = normalised(name)
    if name in run.reconsidered:
        return
    run.reconsidered.add(name)
    if run.undefine(name):
        run.evaluate(name)


def _invalidate(run: Run, name: str, seen: set[str]) -> None:
    if name in seen:
        return
    seen.add(name)
    if run.is_defined(name):
        value = run.peek(name)
        try:
            run.internal["dirty"][name] = copy.deepcopy(value)
        except Exception:  # a value that cannot be copied cannot be a default either
            run.internal["dirty"].pop(name, None)
        run.undefine(name)
    _invalidate_dependents(run, name, seen)


def _invalidate_dependents(run: Run, name: str, seen: set[str]) -> None:
    for variant in variants_of(name):
        context = _context(variant.x, variant.iterators)
        for block in _dependents(run).get(variant.name, ()):
            if variant.x is not None and not _is_of_class(run, variant.x, block):
                continue
            for defined in (*block.defines, *block.mentions):
                _invalidate(run, substituted(defined, context), seen)


def _context(x: str | None, iterators: tuple[str, ...]) -> dict[str, str]:
    found = {} if x is None else {"x": x}
    return found | dict(zip("ijklmn", iterators, strict=False))


def _is_of_class(run: Run, x: str, block: Definer) -> bool:
    thing = run.peek(x)
    return block.generic_object in {cls.__name__ for cls in type(thing).__mro__}


def _dependents(run: Run) -> dict[str, list[Definer]]:
    """Blocks by the names they depend on."""
    table: dict[str, list[Definer]] | None = run.memo.get("dependents")
    if table is None:
        table = {}
        for block in run.interview.definers:
            for name in block.depends_on:
                table.setdefault(normalised(name), []).append(block)
        run.memo["dependents"] = table
    return table


def _kind_of(error: Exception, run: Run) -> str:
    """What went wrong and where, without the error's own text: that may quote an answer, and logs hold none."""
    said = type(error).__name__
    missing = missing_name(error, run)
    if missing is not None:
        said = f"{said}, there is no {missing}"
    place = innermost(error.__traceback__)
    return f"{said} ({place})" if place is not None else said


def _on_change(run: Run, name: str) -> None:
    for block in run.interview.on_change:
        for variant in variants_of(name):
            code = block.code.get(variant.name)
            if code is None:
                continue
            for key, source in _context(variant.x, variant.iterators).items():
                run.answers[key] = run.evaluate(source)
            try:
                exec(code.code, run.answers)
            except Exception as error:  # errors of `on change` code are only logged (spec/area4 §4.9)
                run.effects.append(LogLine(message=f"on change of {name}: {_kind_of(error, run)}"))
            break
