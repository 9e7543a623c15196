"""What a turn remembers from attempt to attempt: its runs, who goes along with it, and how it ended; and its limits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from services.session.effects import Rows
from services.session.host import TurnHost
from services.session.keys import DataKeys
from services.session.operations import Request
from services.session.outcomes import Standing
from services.session.saving import Opened, asks_to_start_over, save_mode
from services.session.store import StoredSession
from shared.interview.runtime.effects import SaveFile
from shared.interview.runtime.operations import Blobs, Operation
from shared.interview.runtime.outcomes import RunResult
from shared.storage.database import Statements


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnLimits:
    """How long a run may take, and how often a refused turn is run again."""

    interactive_seconds: float = 30.0
    action_seconds: float = 60.0
    attempts: int = 25

    def seconds_of(self, request: Request) -> float:
        """How long a run for this request may take."""
        return self.action_seconds if request.limit == "action" else self.interactive_seconds


@dataclass(frozen=True, slots=True)
class Early:
    """The session as it is read while its lock is asked for, and the version that the last holder of the lock saved."""

    reading: asyncio.Task[StoredSession | None]
    version_before: int | None


@dataclass(slots=True)
class Turn:
    """What one turn remembers from attempt to attempt."""

    request: Request
    host: TurnHost
    granted: Mapping[int, bytes] | None
    also: Also | None
    followers: Sequence[Turn] = ()
    """Others for the same session that may go along, each on what the one before has changed."""
    attempt: int = 0
    is_overtaken: bool = False
    early: Early | None = None
    saved_version: int | None = None
    """What it has saved."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of a turn."""

    turn: Turn
    result: RunResult
    blobs: Blobs
    operation: Operation


Also = Callable[[Statements, Sequence[tuple[RunResult, Blobs]], DataKeys, int], Awaitable[None]]
"""What else is written in the transaction of a turn, by the runs that are saved with it: its own, and those of the
followers that went along; none when the session was left without a run. The number is the version that is saved, or
the one that is left."""


def standing_of(opened: Opened, turn: Turn) -> Standing:
    """How the session stood when it was loaded."""
    return Standing(
        session_id=turn.request.session_id,
        code=opened.name.code,
        version=opened.version,
        steps=opened.newest_step,
        is_multi_user=opened.is_multi_user,
        is_overtaken=turn.is_overtaken,
    )


def bound(also: Also, runs: Sequence[tuple[RunResult, Blobs]], keys: DataKeys, version: int) -> Rows:
    """The rows of `also`, once the runs are known."""
    return lambda statements: also(statements, runs, keys, version)


def is_usual(ran: Ran, opened: Opened) -> bool:
    """Whether a run only changes answers in place, so that another one can go on from there in the same commit."""
    result = ran.result
    return (
        save_mode(result, ran.blobs, "in_place", opened) == "overwrite"
        and result.header.multi_user == opened.is_multi_user
        and not asks_to_start_over(result)
        and not ran.turn.host.changes
        and not any(isinstance(effect, SaveFile) for effect in result.effects)
    )
