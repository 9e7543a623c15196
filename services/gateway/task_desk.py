"""What operators ask for: look at background tasks, revoke one, ring for one again; let a cron type run now. Used by
the JSON API and the commands.

What is done here is written with its message in one transaction; the relay of any running service sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from shared.bus.dead_letters import DeadLetters
from shared.bus.outbox import Outbox
from shared.contracts.base import Message
from shared.contracts.envelope import Envelopes
from shared.contracts.events import TaskRevoked
from shared.contracts.scheduler import FireNow
from shared.contracts.session import BackgroundEnded
from shared.contracts.worker import RunTask, RunTaskLow
from shared.kernel.clock import Clock
from shared.kernel.errors import Malformed
from shared.storage.database import Database
from shared.tasks import overview
from shared.tasks.overview import TaskMoved
from shared.tasks.records import State
from shared.tasks.store import RING_AGAIN_SECONDS

MOST_LINES = 1000
_STATES: dict[str, State] = {
    "pending": "pending",
    "running": "running",
    "responding": "responding",
    "succeeded": "succeeded",
    "failed": "failed",
    "revoked": "revoked",
}


class NoSuchState(Malformed):
    """A task is pending, running, responding, succeeded, failed or revoked; `open` means the first three."""


class TaskDesk:
    """What operators ask about tasks, and do to them."""

    def __init__(
        self,
        *,
        database: Database,
        outbox: Outbox,
        envelopes: Envelopes,
        clock: Clock,
        wake_relay: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._envelopes = envelopes
        self._clock = clock
        self._wake_relay = wake_relay
        self._letters = DeadLetters(database=database, clock=clock)

    async def lines(
        self,
        *,
        state: str = "",
        session: str = "",
        interview: str = "",
        action: str = "",
        older_than_seconds: float | None = None,
        before: str = "",
        limit: int = 50,
    ) -> list[dict[str, Any]]:
        """The newest first; `before` is the last id of the page before. Raises NoSuchState, BadTaskId."""
        lines = await overview.newest(
            self._database,
            states=_states(state),
            session=session,
            interview=interview,
            action=action,
            older_than=None if older_than_seconds is None else timedelta(seconds=older_than_seconds),
            now=self._clock.now(),
            before=before,
            limit=max(1, min(limit, MOST_LINES)),
        )
        return [asdict(line) for line in lines]

    async def show(self, task_id: str) -> dict[str, Any]:
        """One task with its history and its dead letters. Raises NoSuchTask, BadTaskId."""
        story = asdict(await overview.story(self._database, task_id))
        letters = await self._letters.about(story["line"]["id"])
        return {
            **story.pop("line"),
            **story,
            "dead_letters": [
                {"number": kept.number, "queue": kept.letter.queue, "reason": kept.letter.reason} for kept in letters
            ],
        }

    async def revoke(self, task_id: str) -> None:
        """End it; its interview sees TaskRevokedError. Raises NoSuchTask, BadTaskId, TaskIsOver."""
        async with self._database.transaction() as connection:
            moved = await overview.revoke(connection, task_id, ring_seconds=float(RING_AGAIN_SECONDS))
            revoked = TaskRevoked(task_id=moved.task_id, session_id=moved.session_id)
            await self._outbox.add(connection, self._wrapped([revoked, _message(moved)]))
        self._wake_relay()

    async def ring_again(self, task_id: str) -> None:
        """Send its message again, in place of its dead letters. Raises NoSuchTask, BadTaskId, TaskIsOver, TaskRuns."""
        async with self._database.transaction() as connection:
            moved = await overview.ring_again(connection, task_id, ring_seconds=float(RING_AGAIN_SECONDS))
            await self._outbox.add(connection, self._wrapped([_message(moved)]))
        self._wake_relay()
        await self._letters.drop([kept.number for kept in await self._letters.about(moved.task_id)])

    async def fire(self, fire_id: str, cron_type: str) -> None:
        """Let a cron type run now in every session that takes part; the same fire twice is one."""
        async with self._database.transaction() as connection:
            message = FireNow(fire_id=fire_id, cron_type=cron_type)
            await self._outbox.add(connection, [self._envelopes.wrap(message, subject="")])
        self._wake_relay()

    def _wrapped(self, messages: Sequence[Message]) -> Sequence[Any]:
        return [
            self._envelopes.wrap(message, subject="")
            if isinstance(message, RunTask | RunTaskLow)
            else self._envelopes.wrap(message)
            for message in messages
        ]


def _message(moved: TaskMoved) -> Message:
    match moved.say:
        case "run":
            return RunTask(task_id=moved.task_id, session_id=moved.session_id)
        case "run_low":
            return RunTaskLow(task_id=moved.task_id, session_id=moved.session_id)
        case "ended":
            return BackgroundEnded(task_id=moved.task_id, session_id=moved.session_id, fencing=moved.fencing)


def _states(state: str) -> tuple[State, ...]:
    if state == "open":
        return ("pending", "running", "responding")
    if not state:
        return ()
    try:
        return (_STATES[state],)
    except KeyError:
        raise NoSuchState from None
