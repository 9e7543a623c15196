"""Named moments of a turn and of a sweep, so that a test can end the process there. In service nobody watches."""

from __future__ import annotations

from typing import Literal, Protocol

from shared.kernel.ids import SessionId

Moment = Literal["loaded", "evaluated", "committed", "planned"]
"""Of a turn: its answers are there; its code has run; its changes are saved. Of a sweep: a part of it, behind
this session, is planned, and the relay has not been woken yet."""


class Checkpoint(Protocol):
    """Is told when a turn or a sweep reaches a moment."""

    async def reached(self, moment: Moment, session_id: SessionId) -> None:
        """The turn or sweep goes on when this returns."""
        ...


class Unwatched:
    """Lets every turn pass."""

    async def reached(self, moment: Moment, session_id: SessionId) -> None:
        """Nothing to see here."""
