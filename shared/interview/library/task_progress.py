"""How far a task is: told by its own code, shown as a bar that moves while the screen stays (`colloquy.interview`)."""

from __future__ import annotations

import html
import math
from typing import Any

from shared.interview.library.faults import DAError
from shared.interview.library.languages import word
from shared.interview.runtime.host import MESSAGE_LETTERS, ReportProgress
from shared.interview.runtime.operations import RunBackgroundAction, TaskPicture
from shared.interview.runtime.run import current_run
from shared.kernel.clock import SystemClock

__all__ = ["task_progress"]

_PAUSE_SECONDS = 0.05
"""Code may tell its progress in every round of a tight loop; so often it is passed on, besides the very end."""


def task_progress(fraction: float | None = None, message: Any = "") -> None:
    """Say how far this task is: `task_progress(0.4, 'Read 4 of 10 pages')`.

    `fraction` goes from 0 to 1 (what lies outside counts as the nearer end); None: it goes on, nobody knows how far.
    `message` is plain text. Outside of a background action it has no effect, so that code can be used in both places.
    Raises DAError when the fraction is no number.
    """
    share = _share(fraction)
    run = current_run()
    if not isinstance(run.operation, RunBackgroundAction):
        return
    now = SystemClock().monotonic()
    told = run.memo.get("progress told")
    if told is not None and now - told < _PAUSE_SECONDS and (share is None or share < 1):
        return
    run.host.call(ReportProgress(fraction=share, message=str(message)[:MESSAGE_LETTERS]))
    run.memo["progress told"] = SystemClock().monotonic()


def _share(fraction: Any) -> float | None:
    if fraction is None:
        return None
    try:
        share = float(fraction)
    except (TypeError, ValueError):
        share = math.nan
    if math.isnan(share):
        raise DAError(f"task_progress() needs a number from 0 to 1, or None, and not {fraction!r}")
    return min(max(share, 0.0), 1.0)


def bar_of(task_id: str, picture: TaskPicture | None, *, has_succeeded: bool) -> str:
    """The HTML of a task's bar, as it stands now; the page moves it on (static/js/progress.js).

    One line, so that it can stand anywhere in a Markdown text. A bar without a number is striped and moves by itself.
    """
    fraction, message = None, ""
    if picture is not None:
        fraction, message = picture.progress, picture.progress_message
    if has_succeeded:
        fraction = 1.0
    elif picture is None or picture.state == "pending":
        fraction = 0.0
    percent = "" if fraction is None else f"{fraction * 100:.0f}"
    now = f' aria-valuenow="{percent}"' if percent else ""
    moving = "" if percent else " progress-bar-striped progress-bar-animated"
    return (
        f'<div class="da-task-progress" data-task="{html.escape(task_id)}">'
        f'<div class="progress" role="progressbar" aria-label="{html.escape(word("Progress"))}" aria-valuemin="0"'
        f' aria-valuemax="100"{now}><div class="progress-bar{moving}" style="width: {percent or 100}%"></div></div>'
        '<div class="da-task-message small text-body-secondary mt-1" aria-live="polite">'
        f"{_in_one_line(message)}</div></div>"
    )


def _in_one_line(message: str) -> str:
    return html.escape(" ".join(message.split()))
