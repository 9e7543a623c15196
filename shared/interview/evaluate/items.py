"""Reserved actions on items of lists and dictionaries: the buttons of tables and item lists (spec/area1 §2.3)."""

from __future__ import annotations

from typing import Any

from shared.interview.errors import EvaluationError
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
    """Ask for one more item: the next place of a list is filled and completed, a dictionary asks for the next key."""
    group = _group(run, arguments)
    name = group.instanceName
    if isinstance(group.elements, dict):
        group.reset_gathered()
        group.there_are_any = True
        group.there_is_another = True
        run.seek_later(f"{name}.gathered")
        return
    if getattr(group, "object_type", None) is not None:
        item = group.appendObject()
        asks = [Ask(f"{item.instanceName}.{attribute}") for attribute in _complete_names(group)] or [
            Ask(item.instanceName)
        ]
    else:
        asks = [Ask(f"{name}[{len(group.elements)}]")]
    group.there_are_any = True
    asks.append(Ask("_da_list_ensure_complete", {"group": name}))
    raise ForcedAsk(tuple(asks), is_persistent=not run.is_check_in)


def remove(run: Run, arguments: dict[str, Any]) -> None:
    """Take an item away."""
    group = _group(run, arguments)
    expression = _expression(arguments.get("item"))
    if not run.is_defined(expression):
        return
    if isinstance(group.elements, dict):
        item = run.peek(expression)
        for key in [key for key, value in group.elements.items() if value is item]:
            group.delitem(key)
    else:
        group.remove(run.peek(expression))
    if hasattr(group, "revisit"):
        group.revisit = True


def edit(run: Run, arguments: dict[str, Any]) -> None:
    """Ask again for what an item consists of, one after the other."""
    wanted = arguments.get("items") or [arguments.get("item")]
    asks = [Ask(_expression(name)) for name in wanted]
    if arguments.get("group"):
        asks.append(Ask("_da_list_ensure_complete", {"group": arguments["group"]}))
    raise ForcedAsk(tuple(asks), is_persistent=not run.is_check_in)


def complete(run: Run, arguments: dict[str, Any]) -> None:
    """Gather what is still missing in the collection."""
    ensure_complete(run, arguments)


def ensure_complete(run: Run, arguments: dict[str, Any]) -> None:
    """See to it that every item has all it needs; what is missing is asked."""
    group = _group(run, arguments)
    for item in list(group.elements.values() if isinstance(group.elements, dict) else group.elements):
        for attribute in _complete_names(group):
            if hasattr(item, "instanceName") and not run.is_defined(f"{item.instanceName}.{attribute}"):
                run.seek_later(f"{item.instanceName}.{attribute}")


def _complete_names(group: Any) -> list[str]:
    names = getattr(group, "complete_attribute", None)
    return [str(name) for name in names] if isinstance(names, list | tuple) else ([str(names)] if names else [])
