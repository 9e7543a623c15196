"""What follows from a change: `depends on`, invalidation that keeps defaults, reconsidering (spec/area4 §4.9)."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

from shared.interview.compile.blocks import Definer
from shared.interview.compile.names import IllegalName, normalised, parsed, substituted
from shared.interview.evaluate.candidates import variants_of
from shared.interview.evaluate.missing import missing_name
from shared.interview.evaluate.whereabouts import innermost
from shared.interview.runtime.namespace import ITERATORS
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


def picture(run: Run, names: Iterable[str]) -> dict[str, Any]:
    """The values of those of the names that have one, to be compared later; empty where nothing depends on any."""
    if not run.interview.has_dependencies:
        return {}
    return {name: comparable(run.peek(name)) for name in names if run.is_defined(name)}


def changed(run: Run, before: dict[str, Any]) -> tuple[str, ...]:
    """Those that have another value now, or none."""
    return tuple(
        name for name, value in before.items() if not run.is_defined(name) or comparable(run.peek(name)) != value
    )


def comparable(value: Any) -> Any:
    """A value as it can be compared later, although a collection may be changed in place."""
    elements = getattr(value, "elements", None)
    if isinstance(elements, dict):
        return dict(elements)
    return list(elements) if isinstance(elements, list) else value


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
                for meant in list(_meant(run, defined, context, block.generic_object)):
                    _invalidate(run, meant, seen)


def _meant(run: Run, name: str, context: dict[str, str], class_name: str | None) -> Iterator[str]:
    """The names that a block's name stands for. What the context leaves open stands for everything there is."""
    try:
        base, steps = parsed(name)
    except IllegalName:
        return
    if base == "x" and "x" not in context and class_name is not None:
        for thing in _objects_of(run, class_name):
            yield from _meant(run, name, context | {"x": thing}, class_name)
        return
    before = base
    for kind, text, _ in steps:
        if kind == "item" and text in ITERATORS and text not in context:
            for key in _keys_of(run.peek(substituted(before, context))):
                yield from _meant(run, name, context | {text: repr(key)}, class_name)
            return
        before += f".{text}" if kind == "attribute" else f"[{text}]"
    yield substituted(name, context)


def _keys_of(group: Any) -> Iterable[Any]:
    group = getattr(group, "__dict__", {}).get("elements", group)
    return list(group) if isinstance(group, dict) else range(len(group)) if isinstance(group, list) else ()


def _objects_of(run: Run, class_name: str) -> Iterator[str]:
    """The names of all objects of a class that the answers hold, at any depth."""
    waiting = [value for name, value in run.answers.items() if not name.startswith("_")]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, (dict, list, tuple)):
            waiting.extend(value.values() if isinstance(value, dict) else value)
            continue
        fields = getattr(value, "__dict__", None)
        if not isinstance(fields, dict) or not isinstance(fields.get("instanceName"), str):
            continue
        waiting.extend(fields.values())
        name = fields["instanceName"]
        if class_name in {cls.__name__ for cls in type(value).__mro__} and run.peek(name) is value:
            yield name


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
                run.note(f"on change of {name}: {_kind_of(error, run)}")
            break
