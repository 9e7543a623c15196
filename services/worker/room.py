"""How much room this worker has for tasks, and who of those that wait for it comes next.

There is less room for low priority, for one session and for one interview than for all: whoever has thousands of tasks,
or tasks that take hours, leaves something to others. Pure: claims and runs are runs.py's.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque

from shared.kernel.errors import Retryable


class WorkerStopping(Retryable):
    """This worker is being stopped."""


class Room:
    """Places for tasks. Who waits longest enters first; low priority only where its share is not used up."""

    def __init__(self, *, size: int, low: int, for_session: int, for_interview: int) -> None:
        self.size = size
        self._low = min(low, size)
        self._for_session = for_session
        self._for_interview = for_interview
        self._taken: Counter[bool] = Counter()
        """How many places are taken, by whether that is for low priority."""
        self._waiting: deque[tuple[asyncio.Future[None], bool]] = deque()
        self._sessions: Counter[str] = Counter()
        self._interviews: Counter[str] = Counter()
        self._is_open = True
        self.has_line = False
        """Whether tasks wait for a place, as far as the last look at the line could tell."""

    @property
    def taken(self) -> int:
        """How many places are taken."""
        return self._taken.total()

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits who could enter when a place is left."""
        return any(not turn.done() and self._may_wait_for(is_low) for turn, is_low in self._waiting)

    @property
    def is_open(self) -> bool:
        """Whether anybody may still enter."""
        return self._is_open

    @property
    def may_begin(self) -> int:
        """How many tasks may begin at once, whosever they are, so that none has more than its share; at least one."""
        shares = [(self._for_session, self._sessions), (self._for_interview, self._interviews)]
        left = [most - max((count for count in counts.values() if count < most), default=0) for most, counts in shares]
        return max(1, min(left))

    @property
    def full_sessions(self) -> list[str]:
        """Sessions of which as many tasks run as may."""
        return [session for session, count in self._sessions.items() if count >= self._for_session]

    @property
    def full_interviews(self) -> list[str]:
        """Interviews of which as many tasks run as may."""
        return [interview for interview, count in self._interviews.items() if count >= self._for_interview]

    def close(self) -> None:
        """Nobody enters any more; those that wait get WorkerStopping."""
        self._is_open = False
        while self._waiting:
            turn, _ = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(WorkerStopping())

    def try_enter(self, *, is_low: bool) -> bool:
        """Take a place if there is one at once."""
        if not self._is_open or not self._has_place(is_low):
            return False
        self._taken[is_low] += 1
        return True

    async def enter(self, *, is_low: bool) -> None:
        """Take a place, as soon as there is one. Raises WorkerStopping."""
        if not self._is_open:
            raise WorkerStopping
        if self.try_enter(is_low=is_low):
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, is_low))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.leave(is_low=is_low)
            raise

    def leave(self, *, is_low: bool) -> None:
        """Give a place back; the first who waits and fits has it then."""
        self._taken[is_low] -= 1
        for entry in tuple(self._waiting):
            turn, wants_low = entry
            if turn.done():
                self._waiting.remove(entry)
            elif self._has_place(wants_low):
                self._waiting.remove(entry)
                self._taken[wants_low] += 1
                turn.set_result(None)

    def begin(self, session_id: str, interview: str) -> None:
        """A task of these runs from here on."""
        self._sessions[session_id] += 1
        self._interviews[interview] += 1

    def end(self, session_id: str, interview: str) -> None:
        """It runs no longer."""
        for counts, key in ((self._sessions, session_id), (self._interviews, interview)):
            counts[key] -= 1
            if not counts[key]:
                del counts[key]

    def _has_place(self, is_low: bool) -> bool:
        return self.taken < self.size and (not is_low or self._taken[True] < self._low)

    def _may_wait_for(self, is_low: bool) -> bool:
        return not is_low or self._taken[True] < self._low
