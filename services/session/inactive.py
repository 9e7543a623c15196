"""Delete sessions in which nothing has happened for a long time (spec/area2 §2.9): with tasks, files, notices.

Asked for once a day, or by an operator. Walks once through the table of sessions in the order of its key, a page at a
time, so that no index has to be kept for what is asked so rarely; a form post costs nothing more. A session that comes
to life at this very moment stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from services.session import store
from services.session.effects import Effects
from services.session.store import StaleVersion
from services.session.telling import Rows, Telling
from shared.bus.outbox import Outbox
from shared.contracts.envelope import Envelopes
from shared.contracts.session import DeletedSessions, DeleteInactive
from shared.kernel.clock import Clock
from shared.kernel.ids import SessionId
from shared.kernel.interview_path import canonical
from shared.storage.database import Database, Row, Statements

log = structlog.get_logger()

_BATCH = 200
_WORK_SECONDS = 20.0
"""After so long the rest is left to a message of its own: the queue belongs to others, too."""
_BEFORE_ALL = "00000000-0000-0000-0000-000000000000"

_PAST = """
from session.sessions s
left join unnest($1::text[], $2::timestamptz[]) as own (interview, latest) on own.interview = s.interview
where s.modified_at <= case when own.interview is null then $3::timestamptz else own.latest end
"""
_PAGE = f"select s.id, s.version {_PAST} and s.id > $4::uuid order by s.id limit $5"  # constants
_COUNT = f"select s.interview, count(*) as sessions {_PAST} group by s.interview order by s.interview"


@dataclass(frozen=True, slots=True)
class Patience:
    """How many days without a change sessions are kept; 0: for ever."""

    days: float = 90.0
    days_by_interview: Mapping[str, float] = field(default_factory=dict)
    """References of interviews that have a rule of their own; the general one does not touch them then."""

    def limits(self, now: datetime) -> tuple[list[str], list[datetime | None], datetime | None]:
        """Up to when sessions are too old: by interview, and of all others; None: they are kept."""
        own = {canonical(name): days for name, days in self.days_by_interview.items()}
        return list(own), [_limit(days, now) for days in own.values()], _limit(self.days, now)


def _limit(days: float, now: datetime) -> datetime | None:
    return now - timedelta(days=days) if days > 0 else None


async def count_inactive(statements: Statements, patience: Patience, *, now: datetime) -> list[Row]:
    """How many sessions of each interview would be deleted now: rows of `interview` and `sessions`."""
    return list(await statements.fetch(_COUNT, *patience.limits(now)))


class InactiveSessions:
    """Deletes what nobody comes back to."""

    def __init__(
        self,
        *,
        database: Database,
        effects: Effects,
        outbox: Outbox,
        envelopes: Envelopes,
        ended: Callable[[SessionId, int], None],
        patience: Patience,
        telling: Telling,
        clock: Clock,
    ) -> None:
        """`ended` tells others that a session of this version is gone."""
        self._database, self._effects, self._outbox, self._envelopes = database, effects, outbox, envelopes
        self._ended, self._patience, self._telling, self._clock = ended, patience, telling, clock

    async def delete(self, message: DeleteInactive) -> DeletedSessions:
        """Delete from where the message says, for as long as there is time; the rest is asked for again."""
        deadline = self._clock.monotonic() + _WORK_SECONDS
        after, count = message.after or _BEFORE_ALL, 0
        limits = self._patience.limits(self._clock.now())
        while True:
            rows = await self._database.fetch(_PAGE, *limits, after, _BATCH)
            has_told = False
            for row in rows:
                after = row["id"]
                told = await self._delete(SessionId(after), row["version"])
                if told is not None:
                    count, has_told = count + 1, has_told or bool(told)
            self._effects.wake()
            self._telling.ring(has_rows=has_told)
            if len(rows) < _BATCH:
                has_more = False
                break
            if self._clock.monotonic() >= deadline:
                has_more = True
                await self._outbox.add(self._database, [self._envelopes.wrap(DeleteInactive(after=str(after)))])
                self._effects.wake()
                break
        log.info("session.inactive_deleted", sessions=count, has_more=has_more)
        return DeletedSessions(count=count, has_more=has_more)

    async def _delete(self, session_id: SessionId, version: int) -> Sequence[Rows] | None:
        """What was written for webhooks; None when somebody has come back to it meanwhile."""
        try:
            async with self._database.transaction() as connection:
                stored = await store.load(connection, session_id, holders=(), steps=0)
                if stored is None or stored.version != version:
                    return None
                heirs = await store.accounts_in(connection, session_id)
                await store.forget(connection, stored)
                told = self._telling.rows("SessionDeleted", stored.interview, {"session_id": session_id})
                for write in told:
                    await write(connection)
                await self._effects.end_session_of(connection, session_id, heirs=heirs)
        except StaleVersion:
            return None
        self._ended(session_id, version + 1)
        return told
