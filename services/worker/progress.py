"""What a running task says of its progress: written to its row and announced, a few times a second at most.

Of what is said in between only the newest counts, and that is never left out. It is no more than news: where it cannot
be written or announced, the task goes on all the same.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from shared.bus.port import Bus
from shared.contracts.base import Sealed
from shared.contracts.events import TaskProgressed
from shared.kernel.clock import Clock
from shared.kernel.ending import end
from shared.kernel.errors import ColloquyError
from shared.storage.database import Database
from shared.tasks.leases import Claim, Leases
from shared.tasks.records import StaleTask

log = structlog.get_logger()

PAUSE_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressDesk:
    """What all runs of a worker need to tell of their progress."""

    database: Database
    leases: Leases
    bus: Bus
    clock: Clock

    def of(self, claim: Claim) -> Progress:
        """The progress of one run."""
        return Progress(self, claim)


class Progress:
    """The progress of one run."""

    def __init__(self, desk: ProgressDesk, claim: Claim) -> None:
        self._desk, self._claim = desk, claim
        self._newest: tuple[float | None, str] | None = None
        self._telling: asyncio.Task[None] | None = None

    def note(self, fraction: float | None, message: str) -> None:
        """Take it down; it is told as soon as something may be told again."""
        self._newest = (fraction, message)
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell(), name=f"progress of {self._claim.task_id}")

    async def end(self) -> None:
        """The run is over, and with it what it said."""
        telling, self._telling = self._telling, None
        if telling is not None:
            await end(telling)

    async def _tell(self) -> None:
        try:
            while self._newest is not None:
                (fraction, message), self._newest = self._newest, None
                await self._tell_one(fraction, message)
                await self._desk.clock.sleep(PAUSE_SECONDS)
            self._telling = None
        except StaleTask:
            pass  # it is no longer ours; what runs here is about to be ended
        except Exception:
            log.exception("task.progress_broken", task=self._claim.task_id)

    async def _tell_one(self, fraction: float | None, message: str) -> None:
        claim = self._claim
        event = TaskProgressed(
            task_id=claim.task_id, session_id=claim.session_id, fraction=fraction, message=Sealed(message)
        )
        try:
            await self._desk.leases.progress(self._desk.database, claim, fraction, message)
            await self._desk.bus.announce(event)
        except StaleTask:
            raise
        except ColloquyError as error:
            log.info("task.progress_not_told", task=claim.task_id, reason=str(error))
