"""Terms that code adds to those of the interview (spec/area4 §7.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shared.interview.runtime.run import Run, current_run

__all__ = ["update_terms"]


def update_terms(
    dictionary: Mapping[str, Any] | Iterable[Mapping[str, Any]], auto: bool = False, language: str = "*"
) -> None:
    """Add terms and their definitions to those of the interview, as long as this run lasts: for `initial` code.

    With `auto` they are marked wherever they occur. A list is written as in a `terms` block.
    """
    terms = _added(current_run(), auto).setdefault(language, {})
    items: Iterable[Mapping[str, Any]] = [dictionary] if isinstance(dictionary, Mapping) else dictionary
    for item in items:
        if "phrases" in item and "definition" in item:
            terms.update(dict.fromkeys(map(str, item["phrases"]), str(item["definition"])))
        else:
            terms.update({str(term): str(definition) for term, definition in item.items()})


def _added(run: Run, is_automatic: bool) -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = run.memo.setdefault(("terms", is_automatic), {})
    return table


def added_terms(run: Run, *, is_automatic: bool) -> Mapping[str, Mapping[str, str]]:
    """Definition by term by language, as far as code has added any in this run."""
    return _added(run, is_automatic)
