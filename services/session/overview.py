"""Sessions for administrators: how many each interview has, the newest of one. Opens nothing.

Counting looks at every session there is, and the console asks every few seconds: what was counted is told again for a
second for every two thousand sessions. So counting never takes more than a few thousandths of the database's time,
whatever is stored; an index or kept counters would be written with every form post instead.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

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
_SESSIONS_A_SECOND = 2000
_LONGEST_KEPT = timedelta(minutes=10)


class SessionOverview:
    """Answers administrators."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._counted: tuple[InterviewFigures, ...] = ()
        self._counted_at = self._kept_until = clock.now()
        self._counting = asyncio.Lock()

    async def of(self, message: Oversee) -> Overview:
        """Interviews, errors, and the newest sessions of one interview when one is named."""
        figures, counted_at = await self._figures()
        limit = max(1, min(message.limit, _MOST_SESSIONS))
        sessions = await self._database.fetch(_SESSIONS, message.interview, limit) if message.interview else ()
        return Overview(
            interviews=figures,
            counted_at=counted_at,
            errors=await errors.newest(self._database, interview=message.interview, limit=limit),
            sessions=tuple(SessionLine(**dict(row)) for row in sessions),
        )

    async def _figures(self) -> tuple[tuple[InterviewFigures, ...], datetime]:
        """What each interview has, and when that was counted. Who comes while it is being counted waits for that."""
        async with self._counting:
            now = self._clock.now()
            if now >= self._kept_until:
                rows = await self._database.fetch(_FIGURES, now - _HOUR, now - _DAY, _MOST_INTERVIEWS)
                self._counted, self._counted_at = tuple(InterviewFigures(**dict(row)) for row in rows), now
                number = sum(each.sessions for each in self._counted)
                self._kept_until = now + min(timedelta(seconds=number / _SESSIONS_A_SECOND), _LONGEST_KEPT)
            return self._counted, self._counted_at
