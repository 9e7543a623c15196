"""The stack of pending actions of each browser session, kept in `_internal` (spec/area1 §1.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from shared.interview.runtime.run import Run
from shared.interview.runtime.signals import Ask


def entries(run: Run) -> list[dict[str, Any]]:
    """The caller's pending actions, the current one first. The list is the stored one."""
    stacks: dict[str, list[dict[str, Any]]] = run.internal["event_stack"]
    return stacks.setdefault(run.context.user.session_uid, [])


def push(run: Run, asks: Sequence[Ask]) -> None:
    """Put asks in front, in their order; one that is pending already is not put twice."""
    pending = entries(run)
    context = run.context_values()
    for ask in asks:
        for entry in pending:
            if entry["action"] == ask.action:
                entry.pop("has_choice", None)
    fresh = [
        {"action": ask.action, "arguments": ask.arguments, "context": context}
        for ask in asks
        if not any(entry["action"] == ask.action and entry["arguments"] == ask.arguments for entry in pending)
    ]
    pending[:0] = fresh


def choose(run: Run, names: Iterable[str]) -> None:
    """A choice that leads to a block of its own was made for these pending actions: it is followed now."""
    wanted = set(names)
    for entry in entries(run):
        if entry["action"] in wanted:
            entry["has_choice"] = True


def has_choice(run: Run, name: str) -> bool:
    """Whether the person who was asked by force has chosen where to go on."""
    return any(entry["action"] == name and entry.get("has_choice") for entry in entries(run))


def pop(run: Run, names: Iterable[str]) -> None:
    """Take away pending actions from the front, as long as they are among these names."""
    pending = entries(run)
    wanted = set(names)
    while pending and pending[0]["action"] in wanted:
        del pending[0]


def drop(run: Run, name: str) -> None:
    """Take a pending action away wherever it stands."""
    pending = entries(run)
    pending[:] = [entry for entry in pending if entry["action"] != name]


def clear(run: Run) -> None:
    """Forget all pending actions of the caller."""
    entries(run).clear()
