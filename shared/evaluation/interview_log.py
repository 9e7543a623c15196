"""What interview code writes with `log()`, in the log of the service that ran it."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from shared.interview.runtime.effects import Effect, LogLine

log = structlog.get_logger()


def write_log_lines(effects: Iterable[Effect], **about: str) -> None:
    """Write those effects that are lines for the log; `about` says of which session, interview and task."""
    for line in effects:
        if isinstance(line, LogLine):
            place = {"place": line.place} if line.place else {}
            write = log.warning if line.priority == "warning" else log.info
            write("interview.log", **about, **place, text=line.message)
