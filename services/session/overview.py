"""Sessions for administrators: how many each interview has, the newest of one. Opens nothing."""

from __future__ import annotations

from datetime import timedelta

from services.session import errors
from shared.contracts.operators import InterviewFigures, Oversee, Overview, SessionLine
from shared.kernel.clock import Clock
from shared.storage.database import Database

_FIGURES = """
select interview, count(*) as sessions, count(*) filter (where modified_at > $1) as of_last_hour,
       count(*) filter (where modified_at > $2) as of_last_day, count(*) filter (where multi_user) as shared,
       max(modified_at) as newest
from session.sessions group by interview order by newest desc limit $3
"""
_SESSIONS = """
select id::text as session_id, version, steps, multi_user as is_shared, allow_cron as takes_part_in_cron,
       created_at as created, modified_at as modified
from session.sessions where interview = $1 order by modified_at desc limit $2
"""
_MOST_INTERVIEWS = 200
_MOST_SESSIONS = 500
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


class SessionOverview:
    """Answers administrators."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def of(self, message: Oversee) -> Overview:
        """Interviews, errors, and the newest sessions of one interview when one is named."""
        now = self._clock.now()
        figures = await self._database.fetch(_FIGURES, now - _HOUR, now - _DAY, _MOST_INTERVIEWS)
        limit = max(1, min(message.limit, _MOST_SESSIONS))
        sessions = await self._database.fetch(_SESSIONS, message.interview, limit) if message.interview else ()
        return Overview(
            interviews=tuple(InterviewFigures(**dict(row)) for row in figures),
            errors=await errors.newest(self._database, interview=message.interview, limit=limit),
            sessions=tuple(SessionLine(**dict(row)) for row in sessions),
        )
