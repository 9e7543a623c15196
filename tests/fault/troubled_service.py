"""One of our services as it is, but for one trouble: `python -m tests.fault.troubled_service NAME TROUBLE`.

TROUBLE is `twice` (its bus delivers every message twice) or, for the worker, the moment of a task at which its process
ends as `kill -9` ends it. Settings come from the environment, as they do for `python -m services.NAME`.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from importlib import import_module
from typing import Any

from services.worker.checkpoint import Moment
from shared.bus.mischief import Mischief
from shared.kernel.logging import configure_logging
from shared.kernel.service import run, run_until_signalled


class DiesAt:
    """A checkpoint of the worker that ends its own process."""

    def __init__(self, moment: str) -> None:
        self._moment = moment

    async def reached(self, moment: Moment, task_id: str) -> None:
        if moment == self._moment:
            os.kill(os.getpid(), signal.SIGKILL)


async def serve(name: str, trouble: str) -> None:
    """Run the service until SIGTERM."""
    app = import_module(f"services.{name}.app")
    kind: Any = getattr(import_module(f"services.{name}.settings"), f"{name.title()}Settings")
    settings = kind.load()
    configure_logging(level=settings.log_level, format=settings.log_format, service=name)
    parts = app.parts_from(settings)
    if trouble == "twice":
        parts.bus._mischief = Mischief(deliver_twice=True)
    else:
        parts = replace(parts, checkpoint=DiesAt(trouble))
    await run_until_signalled([app.build(settings, parts)])


if __name__ == "__main__":
    run(serve(*sys.argv[1:]))
