"""Who talks to the door for mail, and how much: limits by address of the other end, kept in memory.

Each process counts for itself: the limits keep one sender from taking all there is, they are no account of anything.
"""

from __future__ import annotations

from collections import Counter, deque

from shared.kernel.clock import Clock

_GUESS_SECONDS = 600.0
_MINUTE = 60.0
_MOST_PEERS = 10_000


class Peers:
    """Counts connections, mails a minute, and unknown addresses in ten minutes. 0 is no limit."""

    def __init__(
        self, *, clock: Clock, connections: int = 200, per_peer: int = 20, per_minute: int = 300, guesses: int = 50
    ) -> None:
        self._clock = clock
        self._connections, self._per_peer, self._per_minute, self._guesses = connections, per_peer, per_minute, guesses
        self._open: Counter[str] = Counter()
        self._sent: dict[str, deque[float]] = {}
        self._guessed: dict[str, deque[float]] = {}

    def enters(self, peer: str) -> bool:
        """A connection is made; False when there are too many, in all or from there."""
        if self._connections and self._open.total() >= self._connections:
            return False
        if self._per_peer and self._open[peer] >= self._per_peer:
            return False
        self._open[peer] += 1
        return True

    def leaves(self, peer: str) -> bool:
        """And is closed; whether it was the last from there."""
        self._open[peer] -= 1
        if self._open[peer] > 0:
            return False
        del self._open[peer]
        return True

    def may_send(self, peer: str) -> bool:
        """Whether one more mail is taken from there; counts it."""
        times = self._recent(self._sent, peer, _MINUTE)
        if self._per_minute and len(times) >= self._per_minute:
            return False
        times.append(self._clock.monotonic())
        return True

    def may_guess(self, peer: str) -> bool:
        """Whether it has not named too many addresses that nobody has."""
        return not self._guesses or len(self._recent(self._guessed, peer, _GUESS_SECONDS)) < self._guesses

    def has_guessed(self, peer: str) -> None:
        """It has named one."""
        self._recent(self._guessed, peer, _GUESS_SECONDS).append(self._clock.monotonic())

    def _recent(self, times: dict[str, deque[float]], peer: str, seconds: float) -> deque[float]:
        if peer not in times and len(times) >= _MOST_PEERS:
            del times[next(iter(times))]
        found = times.setdefault(peer, deque())
        oldest = self._clock.monotonic() - seconds
        while found and found[0] <= oldest:
            found.popleft()
        return found
