"""Reserved actions on items of lists and dictionaries: the buttons of tables and item lists (spec/area1 §2.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared.interview.errors import EvaluationError
from shared.interview.evaluate import stack
from shared.interview.runtime.names import is_legal, peek
from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import Ask, ForcedAsk


def _group(run: Run, arguments: dict[str, Any]) -> Any:
    name = arguments.get("list") or arguments.get("dict") or arguments.get("group")
    found, group = peek(name, run.answers) if isinstance(name, str) and is_legal(name) else (False, None)
    if not found or not hasattr(group, "elements"):
        raise EvaluationError(f"{name!r} is not a list or dictionary of this session")
    return group


def _expression(value: Any) -> str:
    if not isinstance(value, str) or not is_legal(value):
        raise EvaluationError(f"{value!r} is not the name of an item")
    return value


def add(run: Run, arguments: dict[str, Any]) -> None:
    """Ask for one more item. The collection stays gathered meanwhile: its screens may tell adding from gathering."""
    group = _group(run, arguments)
    group.there_are_any = True
    group.was_gathered = group.has_been_gathered()
    wanted = {"group": group.instanceName, "length": len(group.elements) + 1}
    stack.push(run, (Ask("_da_list_complete", wanted),))


def remove(run: Run, arguments: dict[str, Any]) -> None:
    """Take an item away: the one at the place that is named, however many others are equal to it."""
    group = _group(run, arguments)
    expression = _expression(arguments.get("item"))
    if not run.is_defined(expression):
        return
    for key in _keys(group, expression, run.peek(expression)):
        group.delitem(key)
    if hasattr(group, "revisit"):
        group.revisit = True


def move(run: Run, arguments: dict[str, Any]) -> None:
    """Let an item of a list change places with the one before it (`by` -1) or behind it (`by` 1)."""
    group = _group(run, arguments)
    expression = _expression(arguments.get("item"))
    if not isinstance(group.elements, list) or arguments.get("by") not in (-1, 1):
        raise EvaluationError(f"{group.instanceName!r} is not a list whose items can be moved")
    for place in _keys(group, expression, run.peek(expression)) if run.is_defined(expression) else []:
        other = place + arguments["by"]
        if 0 <= other < len(group.elements):
            group.swap(place, other)


def _keys(group: Any, expression: str, item: Any) -> list[Any]:
    """Under which index or key an item stands: the one in its name, or where the object itself is found."""
    pairs = list(group.elements.items() if isinstance(group.elements, dict) else enumerate(group.elements))
    named = [key for key, value in pairs if value is item and group.item_name(key) == expression]
    return named or [key for key, value in pairs if value is item and hasattr(item, "instanceName")]


def edit(run: Run, arguments: dict[str, Any]) -> None:
    """Ask again for what an item consists of, one after the other."""
    wanted = arguments.get("items") or [arguments.get("item")]
    asks = [Ask(_expression(name)) for name in wanted]
    if arguments.get("group"):
        asks.append(Ask("_da_list_ensure_complete", {"group": arguments["group"]}))
    raise ForcedAsk(tuple(asks), is_persistent=not run.is_check_in)


def complete(run: Run, arguments: dict[str, Any]) -> None:
    """Fill the collection up to a length and complete its items. Raises the missing names one after the other."""
    group = _group(run, arguments)
    if "length" not in arguments:
        group.gather()
        return
    for key in list(group.elements) if isinstance(group.elements, dict) else range(len(group.elements)):
        group._complete(group.elements[key])
    while len(group.elements) < int(arguments["length"]):
        group._gather_one(None, None)
    group.__dict__.pop("was_gathered", None)
    _tell_hooks(group)


def _tell_hooks(group: Any) -> None:
    """What authors compute when a collection is gathered holds for what it is now. Raises the names they miss."""
    if group.has_been_gathered():
        group.hook_on_gather()
        group.hook_after_gather()


def ensure_complete(run: Run, arguments: dict[str, Any]) -> None:
    """See to it that every item still has all it needs. Raises the missing names one after the other."""
    group = _group(run, arguments)
    items = list(group.elements.values() if isinstance(group.elements, dict) else group.elements)
    if not arguments.get("has_begun"):
        arguments["has_begun"] = True
        for item in items:
            if getattr(group, "complete_attribute", None) == "complete" and hasattr(item, "instanceName"):
                run.undefine(f"{item.instanceName}.complete")
    for item in items:
        group._complete(item)
    _tell_hooks(group)


def forget(run: Run, name: str) -> None:
    """Drop what is pending for a collection and its items: adding or editing was cancelled."""
    pending = stack.entries(run)
    pending[:] = [
        entry
        for entry in pending
        if entry["arguments"].get("group") != name and not str(entry["action"]).startswith((f"{name}[", f"{name}."))
    ]


UNTIL_DONE: dict[str, Callable[[Run, dict[str, Any]], None]] = {
    "_da_list_complete": complete,
    "_da_dict_complete": complete,
    "_da_list_ensure_complete": ensure_complete,
    "_da_dict_ensure_complete": ensure_complete,
}
"""Reserved actions that stay pending until they have found everything."""
