"""What library functions remember during one run."""

from __future__ import annotations

from typing import Any

from shared.interview.runtime.run import current_run_or_none


def memo_of_run(purpose: str) -> dict[str, Any]:
    """A dictionary of the current run for one purpose; outside a run an empty one that nobody keeps."""
    run = current_run_or_none()
    if run is None:
        return {}
    found: dict[str, Any] = run.memo.setdefault(("library", purpose), {})
    return found
