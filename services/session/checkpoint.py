"""Named moments of a turn, so that a test can end the process exactly there. In service nobody watches."""

from __future__ import annotations

from typing import Literal, Protocol

from shared.kernel.ids import SessionId

Moment = Literal["loaded", "evaluated", "committed"]


class Checkpoint(Protocol):
    """Is told when a turn reaches a moment."""

    async def reached(self, moment: Moment, session_id: SessionId) -> None:
        """The turn goes on when this returns."""
        ...


class Unwatched:
    """Lets every turn pass."""

    async def reached(self, moment: Moment, session_id: SessionId) -> None:
        """Nothing to see here."""
