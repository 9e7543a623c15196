"""What administrators ask the session service: runs of cron types, sessions by interview, errors by line.

The gateway has checked who asks. Nothing here opens a session.
"""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.contracts.base import Command, Reply, Sealed
from shared.contracts.session import INTERACTIVE


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ListRuns(Command, queue=INTERACTIVE):
    """What became of fires of cron types: for administrators, which the gateway has checked."""

    fire_ids: tuple[str, ...] = ()
    """How many runs of each ended how."""
    of_fire: str = ""
    """The runs of this one, the newest of all when it is empty; none at all when `limit` is 0."""
    status: str = ""
    limit: int = 100


class FireSummary(_Value):
    """How many runs of a fire ended how, and how long they took together."""

    fire_id: str
    counts: dict[str, int] = {}
    seconds: float = 0.0


class RunEntry(_Value):
    """One run of a cron type in one session. What it printed, or its error, may hold answers."""

    fire_id: str
    session_id: str
    interview: str
    action: str
    status: str
    planned_at: AwareDatetime
    started_at: AwareDatetime | None = None
    seconds: float | None = None
    text: str = ""
    error: str = ""
    place: str = ""
    """File and line of the error."""


class RunList(Reply):
    """What became of them."""

    summaries: tuple[FireSummary, ...] = ()
    runs: Sealed[tuple[RunEntry, ...]] = Sealed(())


class Oversee(Command, queue=INTERACTIVE):
    """Which interviews have sessions, and what goes wrong in them."""

    interview: str = ""
    """Its newest sessions are wanted, too."""
    limit: int = 100


class InterviewFigures(_Value):
    """The sessions of one interview, by numbers."""

    interview: str
    sessions: int
    of_last_hour: int
    """Changed within the last hour."""
    of_last_day: int
    shared: int
    """With `multi_user`: the server can open them."""
    newest: AwareDatetime


class SessionLine(_Value):
    """One session, as far as it shows without being opened."""

    session_id: str
    version: int
    steps: int
    is_shared: bool
    takes_part_in_cron: bool
    created: AwareDatetime
    modified: AwareDatetime


class ErrorLine(_Value):
    """One line of an interview at which runs have failed, with one kind of error."""

    interview: str
    file: str
    line: int
    """0 when it is known of the whole file only."""
    error: str
    """Its class: texts of errors may hold answers."""
    count: int
    first: AwareDatetime
    last: AwareDatetime


class Overview(Reply):
    """What there is: interviews with the newest changes first, errors with the newest first."""

    interviews: tuple[InterviewFigures, ...] = ()
    counted_at: AwareDatetime | None = None
    """When the sessions of the interviews were counted; many sessions are not counted at every look."""
    errors: tuple[ErrorLine, ...] = ()
    sessions: tuple[SessionLine, ...] = ()
