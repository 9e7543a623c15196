"""Why the interview came to its result: reasons its code notes on the way, for texts and documents."""

from __future__ import annotations

from shared.interview.runtime.run import current_run

__all__ = ["clear_explanations", "explain", "logic_explanation"]


def _noted() -> dict[str, list[str]]:
    found: dict[str, list[str]] = current_run().internal.setdefault("explanations", {})
    return found


def explain(the_explanation: str, category: str = "default") -> bool:
    """Note a reason, once, however often the code runs again. True, so that it fits into a condition."""
    reasons = _noted().setdefault(category, [])
    if the_explanation not in reasons:
        reasons.append(the_explanation)
    return True


def clear_explanations(category: str = "default") -> None:
    """Forget the reasons of a category; `all` forgets those of every category."""
    noted = _noted()
    for name in list(noted) if category == "all" else [category]:
        noted.pop(name, None)


def logic_explanation(category: str = "default") -> list[str]:
    """The reasons noted so far, in order."""
    return list(_noted().get(category, ()))
