"""What operators may see of background tasks: how they stand, and nothing that was sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.storage.database import Statements

_NEWEST = """
select id::text, session_id::text, action, state, launched_at, begun_at, ended_at
from tasks.tasks where $1 = '' or state = $1 order by launched_at desc limit $2
"""


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task in a list."""

    id: str
    session: str
    """The internal id."""
    action: str
    state: str
    launched_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None


async def newest(statements: Statements, *, state: str = "", limit: int = 50) -> list[TaskLine]:
    """The tasks launched last, newest first; only those in one state, if it is named."""
    return [TaskLine(*row) for row in await statements.fetch(_NEWEST, state, limit)]
