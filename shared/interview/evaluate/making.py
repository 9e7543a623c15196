"""Make the values of blocks that are not code: objects, data, lazy templates and tables (spec/area4 §2)."""

from __future__ import annotations

from typing import Any, NoReturn

from shared.interview.compile.blocks import AttachmentBlock, DataBlock, TableBlock, TemplateBlock
from shared.interview.compile.expressions import Expression, Text
from shared.interview.errors import EvaluationError
from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import TargetFilled
from shared.interview.runtime.sought import Sought
from shared.interview.runtime.text import render
from shared.interview.screen.templates import html_maker, target_html


def library_class(run: Run, name: str) -> Any:
    """A class of the library by the name authors know. Raises EvaluationError when this release lacks it."""
    found = run.answers["__builtins__"].get(name)
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
    cls = run.evaluate(str(data["object"]))
    if "item" in data:
        item = data["item"] or {}
        return cls(name, **{key: _as_objects(value, f"{name}.{key}", block, run) for key, value in item.items()})
    items = [
        cls(inner, **{key: _as_objects(value, f"{inner}.{key}", block, run) for key, value in item.items()})
        for inner, item in ((f"{name}[{place}]", item) for place, item in enumerate(data["items"] or []))
    ]
    return _gathered(library_class(run, "DAList")(name, elements=items), block)


def make_lazy_template(run: Run, block: TemplateBlock, name: str, sought: Sought) -> Any:
    """The object whose text is rendered each time it is used, in the context it was defined in.

    A template with `target` ends check-in code instead. Raises TargetFilled.
    """
    if block.target is not None and run.is_check_in:
        raise TargetFilled(block.target, target_html(block, run))
    make = library_class(run, "DALazyTemplate")
    return make(name, source=block, context=_context(run, sought), to_html=html_maker(run))


def make_lazy_table(run: Run, block: TableBlock, name: str, sought: Sought) -> Any:
    """The object whose table is made each time it is used."""
    make = library_class(run, "DALazyTableTemplate")
    return make(name, source=block, context=_context(run, sought), to_html=html_maker(run))


def _context(run: Run, sought: Sought) -> dict[str, Any]:
    """Values of x and i … n now, for later."""
    return {name: run.answers[name] for name in sought.context if name in run.answers}


def make_documents(run: Run, block: AttachmentBlock, sought: Sought) -> NoReturn:
    """Documents are assembled in a later release. Raises EvaluationError."""
    raise EvaluationError("Documents cannot be assembled yet: `attachment` is not available", block.position)
