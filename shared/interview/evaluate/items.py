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
    """Ask for one more item: the collection is gathered again until it has one more than now."""
    group = _group(run, arguments)
    group.reset_gathered()
    group.there_are_any = True
    if getattr(group, "ask_number", False):
        group.target_number = len(group.elements) + 1
    else:
        group._necessary_length = len(group.elements) + 1
        group.there_is_another = False
    stack.push(run, (Ask("_da_list_complete", {"group": group.instanceName}),))


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
    """Gather what the collection still lacks. Raises the missing names one after the other."""
    _group(run, arguments).gather()


def ensure_complete(run: Run, arguments: dict[str, Any]) -> None:
    """See to it that every item still has all it needs. Raises the missing names one after the other."""
    _group(run, arguments).gathered_and_complete()


UNTIL_DONE: dict[str, Callable[[Run, dict[str, Any]], None]] = {
    "_da_list_complete": complete,
    "_da_dict_complete": complete,
    "_da_list_ensure_complete": ensure_complete,
    "_da_dict_ensure_complete": ensure_complete,
}
"""Reserved actions that stay pending until they have found everything."""
