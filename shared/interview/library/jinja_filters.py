"""Filters of Jinja2 that authors bring for their Word templates (spec/area4 §9.3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from shared.interview.library.faults import DAError
from shared.interview.library.languages import is_importing
from shared.interview.runtime.run import current_run_or_none

__all__ = ["register_jinja_filter"]

_OF_MODULES: dict[str, Callable[..., Any]] = {}
"""Registered while a module was imported, which happens once in a process."""


def register_jinja_filter(filter_name: str, func: Callable[..., Any]) -> None:
    """Have a function as a filter in Word templates: in this run, or always when a module is being imported.

    Raises DAError for a name that is no name, or what cannot be called.
    """
    if not re.fullmatch(r"[A-Za-z_]\w*", str(filter_name)) or not callable(func):
        raise DAError(f"register_jinja_filter(): {filter_name!r} needs to be a name, and what it stands for a function")
    run = None if is_importing() else current_run_or_none()
    own = _OF_MODULES if run is None else run.memo.setdefault("jinja filters", {})
    own[str(filter_name)] = func


def registered_filters() -> dict[str, Callable[..., Any]]:
    """The filters there are in this run."""
    run = current_run_or_none()
    return {**_OF_MODULES, **(run.memo.get("jinja filters", {}) if run is not None else {})}
