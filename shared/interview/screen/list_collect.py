"""`list collect`: the fields of a list's elements on one screen, once per element (spec/area4 §8.5).

The fields save to `fruit[i].name` and the like: the list is what stands before the last iterator. There is one group of
fields for each element there is, at least one or `minimum_number`. Some spare groups follow, which "Add another"
reveals in the browser; when they are used up, or without JavaScript, it posts the screen and gets one more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from shared.contracts.screen import Field
from shared.interview.compile.blocks import FieldItem, Fields
from shared.interview.compile.expressions import Expression, Text
from shared.interview.errors import EvaluationError
from shared.interview.library.objects.lists import DAList
from shared.interview.runtime.names import substituted
from shared.interview.screen.fields import BuiltFields, build_fields
from shared.interview.screen.list_spares import in_reserve, made_in_reserve
from shared.interview.screen.texts import Scene

_ELEMENT = re.compile(r"(.+)\[([i-n])\](?:\..+|\[.+\])?\Z")
_LITERAL = re.compile(r"""(["'])(?:\\.|(?!\1).)*\1""")
"""A text in JavaScript."""
_MEMORY = "collecting"


def build_collected(style: Fields, scene: Scene) -> tuple[BuiltFields, Any]:
    """The fields of all elements, and what page and form must know of the list.

    A list whose collection is off (`enable` false) is one ordinary set of fields.
    """
    options: Mapping[str, Any] = style.list_collect
    if not _flag(options.get("enable", True), scene):
        return build_fields(style.items, scene), None
    list_name, iterator = _list_of(style, scene)
    things = scene.run.evaluate(list_name)
    count = _count(list_name, things, scene)
    built, labels = BuiltFields(), []
    kept = scene.run.answers.get(iterator)
    with growing(things):
        for index in range(count):
            _enter_element(list_name, things, scene, iterator, index)
            labels.append(_label(options, scene, index))
            _add_element(style, scene, built, iterator, index)
        may_add = _flag(options.get("allow append", True), scene)
        if may_add and not scene.run.is_unseen:
            _add_spares(style, scene, built, labels, list_name, things, iterator, count)
    if kept is not None:
        scene.run.answers[iterator] = kept
    description = {
        "list": list_name,
        "count": count,
        "revealed": 0,
        "labels": labels,
        "is_final": _flag(options.get("is final", True), scene),
        "may_add": may_add,
        "may_delete": _flag(options.get("allow delete", True), scene),
        "add_label": scene.plain(options.get("add another label")) or scene.word("Add another"),
        "delete_label": scene.word("Delete"),
    }
    return built, description


@contextmanager
def growing(things: Any) -> Iterator[None]:
    """Let a list grow although it is gathered: a screen may hold one element more, and its form may save it."""
    if not isinstance(things, DAList):
        yield
        return
    things._allow_appending()
    try:
        yield
    finally:
        things._disallow_appending()


def _add_element(style: Fields, scene: Scene, built: BuiltFields, iterator: str, index: int) -> None:
    items = [_for_element(item, iterator, index) for item in style.items]
    part = build_fields(items, scene, list_index=index)
    built.shown += [_numbered(_watching(field, iterator, index), index) for field in part.shown]
    built.form += part.form
    built.empties += part.empties


def _enter_element(list_name: str, things: Any, scene: Scene, iterator: str, index: int) -> None:
    scene.run.answers[iterator] = index
    if getattr(things, "object_type", None) is not None:
        scene.run.evaluate(f"{list_name}[{index}]")


def _label(options: Mapping[str, Any], scene: Scene, index: int) -> str:
    label = options.get("label")
    return scene.line_html(label) if isinstance(label, Text) else f"{index + 1}."


def _add_spares(
    style: Fields,
    scene: Scene,
    built: BuiltFields,
    labels: list[str],
    list_name: str,
    things: Any,
    iterator: str,
    count: int,
) -> None:
    """Groups of fields for elements that are not there yet; list_spares.py says when there are any."""

    def make(index: int) -> tuple[str, BuiltFields]:
        part = BuiltFields()
        _enter_element(list_name, things, scene, iterator, index)
        label = _label(style.list_collect, scene, index)
        _add_element(style, scene, part, iterator, index)
        return label, part

    for spare in made_in_reserve(style, scene, things, count, make):
        labels.append(spare.label)
        built.shown += [field.model_copy(update={"is_spare": True}) for field in spare.part.shown]
        built.form += [in_reserve(field, spare.index) for field in spare.part.form]


def _for_element(item: FieldItem, iterator: str, index: int) -> FieldItem:
    """The item with the iterator in its names replaced by the place of one element."""
    replacement = {iterator: str(index)}
    return replace(
        item,
        number=f"{index}_{item.number}",
        variable=substituted(item.variable, replacement) if item.variable else "",
        conditions=tuple(
            replace(condition, variable=substituted(condition.variable, replacement))
            if condition.variable
            else condition
            for condition in item.conditions
        ),
        disable_others=_places(item.disable_others, replacement),
        uncheck_others=_places(item.uncheck_others, replacement),
        check_others=_places(item.check_others, replacement),
    )


def _places(others: bool | tuple[str, ...], replacement: Mapping[str, str]) -> bool | tuple[str, ...]:
    """The other fields that are named, in the element of the field that names them."""
    return others if isinstance(others, bool) else tuple(substituted(name, replacement) for name in others)


def _watching(field: Field, iterator: str, index: int) -> Field:
    """The field with the names in its JavaScript conditions (`val("fruit[i].name")`) made those of its element."""
    if not any(condition.javascript for condition in field.conditions):
        return field

    def of_element(literal: re.Match[str]) -> str:
        return literal[0].replace(f"[{iterator}]", f"[{index}]")

    conditions = tuple(
        condition.model_copy(update={"javascript": _LITERAL.sub(of_element, condition.javascript)})
        for condition in field.conditions
    )
    return field.model_copy(update={"conditions": conditions})


def _numbered(field: Field, index: int) -> Field:
    return field if field.list_index is not None else field.model_copy(update={"list_index": index})


def _list_of(style: Fields, scene: Scene) -> tuple[str, str]:
    """The list's literal name and the iterator of its elements."""
    for item in style.items:
        found = _ELEMENT.fullmatch(item.variable)
        if found:
            return scene.literal(found[1]), found[2]
    raise EvaluationError(
        "`list collect` needs fields that save to elements of a list, e.g. `fruit[i].name`",
        scene.block.position if scene.block else None,
    )


def _count(list_name: str, things: Any, scene: Scene) -> int:
    elements = getattr(things, "elements", things)
    wanted = scene.run.internal.get(_MEMORY, {}).get(list_name, 0)
    return max(1, len(elements), int(getattr(things, "minimum_number", None) or 0), int(wanted))


def remember_wish(internal: dict[str, Any], list_name: str, count: int) -> None:
    """One more element was asked for: the screen comes again with so many."""
    internal.setdefault(_MEMORY, {})[list_name] = count


def forget_wish(internal: dict[str, Any], list_name: str) -> None:
    """The list is complete."""
    internal.get(_MEMORY, {}).pop(list_name, None)


def _flag(value: bool | Expression | Any, scene: Scene) -> bool:
    return bool(scene.value(value)) if isinstance(value, Expression) else bool(value)
