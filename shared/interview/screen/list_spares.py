"""The elements in reserve of a list that is collected: they come with the page, hidden, until "Add another" shows them.

Making one must do nothing that anybody could notice but see on the page: it happens for elements that there may never
be. So there are some only where the screen is plain data and texts. Where code of the author's would run for each
(choices, defaults, conditions, constructors), there are none, and "Add another" posts the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from time import monotonic
from typing import Any, NoReturn

from shared.contracts.screen import Form, FormField
from shared.interview.compile.blocks import Fields
from shared.interview.compile.expressions import Expression, Text
from shared.interview.errors import HostRefused
from shared.interview.library.named import UTIL
from shared.interview.library.objects.lists import DAList
from shared.interview.runtime.names import parent_of
from shared.interview.runtime.run import Run
from shared.interview.screen import custom_types, field_types
from shared.interview.screen.fields import BuiltFields
from shared.interview.screen.texts import Scene

SPARE = "spare"
"""Option of a FormField: the place of the element that it is in reserve for."""
_MOST = 15
_SECONDS = 0.25
"""When making them has taken so long, there are enough of them: the person waits for the page."""
_HEAVIEST = 200
"""In fields; a long list of choices counts as several. A page with more in reserve would be slow to send."""
_CHOICES_OF_A_FIELD = 20
_OUR_MODULES = (UTIL, "shared.interview.library.")
_MAKERS = frozenset(
    {
        "__init__", "__new__", "__getattr__", "__getattribute__", "__setattr__", "__getitem__", "__len__", "init",
        "initializeAttribute", "appendObject", "item_name", "NameClass", "AddressClass",
    }
)  # fmt: skip
"""What a list's growing by one element calls."""


@dataclass(frozen=True, slots=True)
class Spare:
    """One element in reserve: its place in the list, the heading of its fields (HTML), its fields."""

    index: int
    label: str
    part: BuiltFields


def made_in_reserve(
    style: Fields, scene: Scene, things: Any, count: int, make: Callable[[int], tuple[str, BuiltFields]]
) -> Iterator[Spare]:
    """Elements that are not there yet, from the place `count` on; `make` gives heading and fields of one.

    What an element would have to be told first (the object a field belongs to) is no reason to ask: there are fewer
    spares then, or none. The objects that stand for the elements meanwhile are taken out again. A form that is shown
    again after it was refused has as many as the person had seen, however long they take.
    """
    if not isinstance(things, DAList) or not _is_plain(style, scene) or not _grows_plainly(things):
        return
    refused = scene.run.form_result
    needed = refused.revealed if refused is not None and not refused.is_valid else 0
    before, weight, begun = len(things.elements), 0, monotonic()
    try:
        for index in range(count, count + _MOST):
            if index - count >= max(1, needed) and monotonic() - begun > _SECONDS:
                return
            with _unnoticed(scene.run) as trace:
                label, part = make(index)
            weight += sum(1 + len(field.choices) // _CHOICES_OF_A_FIELD for field in part.shown)
            if trace.is_left or weight > _HEAVIEST or not part.form or part.empties or _lacks_parent(part, scene):
                return
            yield Spare(index, label, part)
    except Exception:  # an author's text may fail in any way for an element that is not there
        return
    finally:
        scene.run.place = None
        del things.elements[before:]


def _is_plain(style: Fields, scene: Scene) -> bool:
    """Whether the fields are made of data and texts only."""
    return not _has_code(style.list_collect.get("label")) and not any(
        item.kind == "code"
        or item.datatype in field_types.OBJECTS
        or custom_types.class_of(item.datatype, scene.run) is not None
        or _has_code(item)
        for item in style.items
    )


def _has_code(value: Any) -> bool:
    match value:
        case Expression():
            return True
        case Text():
            return False
        case dict():
            return any(_has_code(inner) for inner in value.values())
        case list() | tuple():
            return any(_has_code(inner) for inner in value)
        case _ if is_dataclass(value):
            return any(_has_code(getattr(value, field.name)) for field in fields(value))
        case _:
            return False


def _grows_plainly(things: DAList) -> bool:
    """Whether no code of the author's runs when the list grows by an element."""
    kind = things.object_type
    return _is_ours(type(things)) and (kind is None or (isinstance(kind, type) and _is_ours(kind)))


def _is_ours(kind: type[Any]) -> bool:
    """Whether objects of a class are made as the library makes them, whatever else an author's class adds."""
    return kind is not object and not any(
        _MAKERS & vars(one).keys()
        for one in kind.__mro__
        if one is not object and not one.__module__.startswith(_OUR_MODULES)
    )


class _Trace:
    """Stands for the host meanwhile; says whether something was done that reaches beyond the page."""

    is_left = False

    def call(self, request: Any, blobs: Any = None) -> NoReturn:
        """Refuse: nothing may be asked for an element that is not there. Raises HostRefused."""
        self.is_left = True
        raise HostRefused("Nothing is asked of the server for an element in reserve.")


@contextmanager
def _unnoticed(run: Run) -> Iterator[_Trace]:
    """Let a text neither ask the host nor leave effects or messages; one that tries to is told by the trace."""
    trace, host = _Trace(), run.host
    kept: list[tuple[list[Any], int]] = [(one, len(one)) for one in (run.effects, run.messages, run.log_lines)]
    run.host = trace
    try:
        yield trace
    finally:
        run.host = host
        for found, length in kept:
            trace.is_left |= len(found) > length
            del found[length:]


def _lacks_parent(part: BuiltFields, scene: Scene) -> bool:
    parents = (parent_of(scene.literal(field.variable)) for field in part.form)
    return not all(parent is None or scene.run.is_defined(parent) for parent in parents)


def in_reserve(field: FormField, index: int) -> FormField:
    """The field as one of the spare element at a place."""
    return field.model_copy(update={"options": {**field.options, SPARE: index}})


def believed(form: Form, revealed: int) -> int:
    """Of the spare elements that a page says it has shown, as many as its form holds."""
    return min(revealed, len({field.options[SPARE] for field in form.fields if SPARE in field.options}))


def with_revealed(form: Form, revealed: int) -> Form:
    """The form as it was filled in: without the spare elements that nobody has asked for."""
    if not isinstance(form.list_collect, dict):
        return form
    count = int(form.list_collect["count"]) + believed(form, revealed)
    fields_seen = tuple(field for field in form.fields if field.options.get(SPARE, -1) < count)
    return form.model_copy(update={"fields": fields_seen, "list_collect": {**form.list_collect, "count": count}})
