"""Interview processes without a run: fresh ones for anybody, used ones for the interview package that used them.

An interview's code may have changed everything in the process it ran in, and would see what the next run brings. So a
used process waits for runs of the same package and meets no other; see SECURITY.md.
"""

from __future__ import annotations

from collections import deque

from shared.evaluation.process import InterviewProcess


class IdleProcesses:
    """Gives a process for a package, and keeps at most `maximum` used ones; the least recently used goes first."""

    def __init__(self, *, maximum: int) -> None:
        self._maximum = maximum
        self._fresh: deque[InterviewProcess] = deque()
        self._used: list[tuple[str, InterviewProcess]] = []
        """Package and process, the least recently used first."""

    @property
    def fresh(self) -> int:
        """How many have never run anything."""
        return sum(process.is_alive for process in self._fresh)

    @property
    def used(self) -> int:
        """How many wait for their package."""
        return sum(process.is_alive for _, process in self._used)

    def take(self, package: str) -> InterviewProcess | None:
        """The process this package used last, else a fresh one; None when there is neither."""
        self._bury()
        for place in range(len(self._used) - 1, -1, -1):
            if self._used[place][0] == package:
                return self._used.pop(place)[1]
        return self._fresh.popleft() if self._fresh else None

    def add(self, process: InterviewProcess) -> None:
        """Keep a process that has not run anything."""
        self._fresh.append(process)

    def keep(self, process: InterviewProcess, package: str) -> None:
        """Keep a process that has run something of this package, in place of the one that is longest without use."""
        self._bury()
        self._used.append((package, process))
        while len(self._used) > self._maximum:
            self._used.pop(0)[1].end("It was not used for a while.")

    def end(self, problem: str) -> None:
        """End all of them."""
        for process in (*self._fresh, *(process for _, process in self._used)):
            process.end(problem)
        self._fresh.clear()
        self._used.clear()

    def _bury(self) -> None:
        """Forget those that died, or spoke without being asked."""
        for process in (*self._fresh, *(process for _, process in self._used)):
            if not process.is_alive:
                process.end()
        self._fresh = deque(process for process in self._fresh if process.is_alive)
        self._used = [(package, process) for package, process in self._used if process.is_alive]
