"""Make the values of blocks that are not code: objects, data, lazy templates and tables (spec/area4 §2)."""

from __future__ import annotations

import importlib
from dataclasses import replace
from functools import lru_cache
from typing import Any

from shared.interview.compile.blocks import DataBlock, TableBlock, TemplateBlock
from shared.interview.compile.expressions import Expression, Text
from shared.interview.compile.templates import template_text
from shared.interview.errors import EvaluationError, Position
from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import TargetFilled
from shared.interview.runtime.sought import Sought
from shared.interview.runtime.text import render, text_of_file
from shared.interview.screen.templates import html_maker, target_html
from shared.kernel.errors import Refused


def library_class(run: Run, name: str) -> Any:
    """A class of the library by the name authors know. Raises EvaluationError when this release lacks it."""
    found = run.answers["__builtins__"].library.get(name)
    if found is None:
        raise EvaluationError(f"{name} is not available in this release")
    return found


def make_object(run: Run, made: Any, name: str, *, parent: Any = None, attribute: str = "") -> Any:
    """The object an entry of `objects` describes, named by its variable; on a parent object when it is an attribute."""
    if parent is not None and hasattr(parent, "initializeAttribute"):
        return parent.initializeAttribute(attribute, made)
    if not isinstance(made, type) and not hasattr(made, "using"):
        value = made
    elif hasattr(made, "using"):
        value = made(name)
    else:
        value = made()
    if parent is not None:
        setattr(parent, attribute, value)
    return value


def make_data(run: Run, block: DataBlock, name: str) -> Any:
    """The value of `data` and `data from code`: leaves evaluated, perhaps as objects of the library."""
    plain = _leaves(block.data, run)
    if not block.objects_mode:
        return plain
    return _as_objects(plain, name, block, run)


def _leaves(data: Any, run: Run) -> Any:
    match data:
        case Text():
            return render(data, run)
        case Expression():
            return eval(data.code, run.answers)
        case dict():
            return {key: _leaves(value, run) for key, value in data.items()}
        case list():
            return [_leaves(value, run) for value in data]
        case _:
            return data


def _as_objects(data: Any, name: str, block: DataBlock, run: Run) -> Any:
    if isinstance(data, dict):
        if block.objects_mode == "objects" and "object" in data and ("item" in data or "items" in data):
            return _described(data, name, block, run)
        elements = {key: _as_objects(value, f"{name}[{key!r}]", block, run) for key, value in data.items()}
        return _gathered(library_class(run, "DADict")(name, elements=elements), block)
    if isinstance(data, list):
        items = [_as_objects(value, f"{name}[{place}]", block, run) for place, value in enumerate(data)]
        return _gathered(library_class(run, "DAList")(name, elements=items), block)
    return data


def _gathered(collection: Any, block: DataBlock) -> Any:
    if not block.is_gathered:
        collection.reset_gathered()
    return collection


def _described(data: dict[str, Any], name: str, block: DataBlock, run: Run) -> Any:
    name_of_class = render(data["object"], run) if isinstance(data["object"], Text) else str(data["object"])
    cls = _class_named(name_of_class, data.get("module"), run, block)
    if "item" in data:
        item = data["item"] or {}
        return cls(name, **{key: _as_objects(value, f"{name}.{key}", block, run) for key, value in item.items()})
    items = [
        cls(inner, **{key: _as_objects(value, f"{inner}.{key}", block, run) for key, value in item.items()})
        for inner, item in ((f"{name}[{place}]", item) for place, item in enumerate(data["items"] or []))
    ]
    return _gathered(library_class(run, "DAList")(name, elements=items), block)


def _class_named(name: str, module: Any, run: Run, block: DataBlock) -> Any:
    """A class by the expression an author wrote, or by its name in a module."""
    if module is None:
        return run.evaluate(name)
    try:
        return getattr(importlib.import_module(str(module), package=block.package), name)
    except (ImportError, AttributeError) as error:
        raise EvaluationError(f"The class {name} of the module {module} was not found", block.position) from error


def make_lazy_template(run: Run, block: TemplateBlock, name: str, sought: Sought) -> Any:
    """The object whose text is rendered each time it is used, in the context it was defined in.

    A template with `target` ends check-in code instead. Raises TargetFilled.
    """
    if block.target is not None and run.is_check_in:
        raise TargetFilled(block.target, target_html(block, run))
    if block.content_files:
        block = replace(block, content=_content_of_files(run, block), content_files=())
    make = library_class(run, "DALazyTemplate")
    return make(name, source=block, context=_context(run, sought), to_html=html_maker(run))


def _content_of_files(run: Run, block: TemplateBlock) -> Text:
    """The texts of `content file`, one after the other. Raises EvaluationError when one is not there."""
    files = block.content_files
    if isinstance(files, Expression):
        value = eval(files.code, run.answers)
        files = tuple(str(name) for name in (value if isinstance(value, list | tuple) else [value]))
    assert run.path is not None
    sources, reference = [], ""
    for name in files:
        try:
            file = run.path.find(name if ":" in name else f"{block.package}:{name}", section="templates")
        except Refused as error:
            raise EvaluationError(f"The content file {name} was not found", block.position) from error
        sources.append(text_of_file(file.path, block.position))
        reference = file.reference
    return _compiled("".join(sources), reference)


@lru_cache(maxsize=200)
def _compiled(source: str, reference: str) -> Text:
    return template_text(source, Position(reference, 1))


def make_lazy_table(run: Run, block: TableBlock, name: str, sought: Sought) -> Any:
    """The object whose table is made each time it is used."""
    make = library_class(run, "DALazyTableTemplate")
    return make(name, source=block, context=_context(run, sought), to_html=html_maker(run))


def _context(run: Run, sought: Sought) -> dict[str, Any]:
    """Values of x and i … n now, for later."""
    return {name: run.answers[name] for name in sought.context if name in run.answers}
