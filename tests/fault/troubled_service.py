"""One of our services as it is, but for some trouble: `python -m tests.fault.troubled_service NAME TROUBLE[,…]`.

A TROUBLE is `twice` (its bus delivers every message twice), the moment of a task, turn, sweep or tick at which its
process ends as `kill -9` ends it, `clock=PATH` (a clock that stands in a file, tests/moved_clock.py) or `skew=SECONDS`
(how much that clock is ahead). Settings come from the environment, as they do for `python -m services.NAME`.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from shared.bus.mischief import Mischief
from shared.kernel.logging import configure_logging
from shared.kernel.service import run, run_until_signalled
from tests.moved_clock import ClockOfFile


class DiesAt:
    """A checkpoint of any service that ends its own process."""

    def __init__(self, moment: str) -> None:
        self._moment = moment

    async def reached(self, moment: str, what: str) -> None:
        if moment == self._moment:
            os.kill(os.getpid(), signal.SIGKILL)


async def serve(name: str, troubles: str) -> None:
    """Run the service until SIGTERM."""
    app = import_module(f"services.{name}.app")
    kind: Any = getattr(import_module(f"services.{name}.settings"), f"{name.title()}Settings")
    settings = kind.load()
    configure_logging(level=settings.log_level, format=settings.log_format, service=name)
    parts = app.parts_from(settings)
    told = dict(trouble.partition("=")[::2] for trouble in troubles.split(","))
    if "clock" in told:
        clock = ClockOfFile(Path(told.pop("clock")), skew_seconds=float(told.pop("skew", 0)))
        parts = replace(parts, clock=clock)
    for trouble in told:
        if trouble == "twice":
            parts.bus._mischief = Mischief(deliver_twice=True)
        else:
            parts = replace(parts, checkpoint=DiesAt(trouble))
    await run_until_signalled([app.build(settings, parts)])


if __name__ == "__main__":
    run(serve(*sys.argv[1:]))
