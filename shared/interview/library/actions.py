"""Actions from within: their arguments, asking by force, processing them at a chosen moment (spec/area1 §2)."""

from __future__ import annotations

import copy
from typing import Any

from shared.interview.library.faults import DAError
from shared.interview.library.links import checked_asks
from shared.interview.runtime import names
from shared.interview.runtime.run import Run, current_run
from shared.interview.runtime.signals import Ask, ForcedAsk, ForcedGather

__all__ = ["action_argument", "action_arguments", "force_ask", "force_gather", "process_action"]

_RESERVED = {
    "undefine": "_da_undefine",
    "invalidate": "_da_invalidate",
    "recompute": "_da_compute",
    "set": "_da_set",
}


def process_action() -> None:
    """Carry out the pending action here, instead of before everything else. Raises what the action seeks."""
    run = current_run()
    run.steering.process_action(run)


def action_argument(item: str | None = None) -> Any:
    """An argument of the action, or None; without a name, the name of the action while it is not yet processed."""
    run = current_run()
    return run.action if item is None else run.arguments.get(item)


def action_arguments() -> dict[str, Any]:
    """All arguments of the action, as a copy; what a check-in adds of its own is left out."""
    found = copy.deepcopy(current_run().arguments)
    if "_initial" in found and "_changed" in found:
        del found["_initial"], found["_changed"]
    return found


def force_ask(*variables: Any, forget_prior: bool = False, evaluate: bool = False, persistent: bool = True) -> None:
    """Ask for variables although they have values, one after the other. Raises ForcedAsk.

    Each is a name or a control dictionary, as for `url_ask()`. `evaluate` puts in what x and i stand for now.
    """
    if not variables:
        raise DAError("force_ask() needs at least one variable name")
    run = current_run()
    asks: list[Ask] = []
    for item in checked_asks(list(variables)):
        asks.extend(_asks_of(run, item, evaluate))
    raise ForcedAsk(tuple(asks), forgets_prior=forget_prior, is_persistent=persistent)


def _asks_of(run: Run, item: Any, evaluates: bool) -> list[Ask]:
    def full(name: str) -> str:
        return name_in_full(run, name) if evaluates else name

    if isinstance(item, str):
        return [Ask(full(item))]
    if "action" in item:
        return [Ask(full(item["action"]), item["arguments"])]
    if "follow up" in item:
        return [Ask(full(name)) for name in item["follow up"]]
    control = next(iter(item))
    return [Ask(_RESERVED[control], {"variables": list(item[control])})]


def force_gather(*variables: str, forget_prior: bool = False, evaluate: bool = False) -> None:
    """Have variables asked before the logic goes on, whoever it is that answers. Raises ForcedGather."""
    run = current_run()
    for name in variables:
        if not isinstance(name, str) or not names.is_legal(name):
            raise DAError(f"force_gather(): {name!r} is not the name of a variable")
    wanted = tuple(name_in_full(run, name) if evaluate else name for name in variables)
    raise ForcedGather(wanted, forgets_prior=forget_prior)


def name_in_full(run: Run, name: str) -> str:
    """The name with x and i … n replaced by what they stand for now."""
    texts: dict[str, str] = {}
    for key, current in run.context_values().items():
        texts[key] = current.instanceName if hasattr(current, "instanceName") else repr(current)
    return names.substituted(name, texts)
