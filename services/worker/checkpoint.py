"""Named moments of a task, so that a test can end the process exactly there. In service nobody watches."""

from __future__ import annotations

from typing import Literal, Protocol

Moment = Literal["claimed", "begun", "recorded"]
"""The lease is taken; the row says that interview code may run from here on; the outcome is committed and the relay
has not been woken yet."""


class Checkpoint(Protocol):
    """Is told when a task reaches a moment."""

    async def reached(self, moment: Moment, task_id: str) -> None:
        """The task goes on when this returns."""
        ...


class Unwatched:
    """Lets every task pass."""

    async def reached(self, moment: Moment, task_id: str) -> None:
        """Nothing to see here."""
