"""Named moments of a fire and of timers, so that a test can end the process there. In service nobody watches."""

from __future__ import annotations

from typing import Literal, Protocol

Moment = Literal["claimed", "published"]
"""What is due has been moved on, and what it says lies in the outbox, in a transaction that is still open; that
transaction is committed and the relay has not been woken yet."""


class Checkpoint(Protocol):
    """Is told when a tick reaches a moment."""

    async def reached(self, moment: Moment, what: str) -> None:
        """The tick goes on when this returns."""
        ...


class Unwatched:
    """Lets every tick pass."""

    async def reached(self, moment: Moment, what: str) -> None:
        """Nothing to see here."""
