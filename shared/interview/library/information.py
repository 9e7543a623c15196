"""`set_info()` and `get_info()`: who the user is and which role is played, for the run (spec/area4 §4.10, §6.1)."""

from __future__ import annotations

from typing import Any

from shared.interview.library.kept import memo_of_run

__all__ = ["get_info", "set_info"]


def set_info(**facts: Any) -> None:
    """Tell the library facts about this run, e.g. `set_info(user=user, role='client')`."""
    memo_of_run("info").update(facts)


def get_info(name: str) -> Any:
    """A fact given by `set_info()`, or None."""
    return memo_of_run("info").get(name)
