"""Delete what no operation needs any more: old outcomes, wraps that have expired, notices that are done.

A batch at a time, by index.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from services.session import action_store, cron_store, errors, provenance, timer_troubles
from shared.kernel.clock import Clock
from shared.kernel.now_and_then import NowAndThen
from shared.storage.database import Database

_BATCH = 1000

_DELETE_OUTCOMES = """
delete from session.inbox where (session_id, operation_id) in (
    select session_id, operation_id from session.inbox where handled_at < $1 order by handled_at limit $2
    for update skip locked)
"""
_DELETE_ENDINGS = """
delete from session.endings where (session_id, operation_id) in (
    select session_id, operation_id from session.endings where ended_at < $1 order by ended_at limit $2
    for update skip locked)
"""
_DELETE_WRAPS = """
delete from session.wraps where (session_id, holder, generation) in (
    select session_id, holder, generation from session.wraps
    where expires_at < $1 order by expires_at limit $2 for update skip locked)
"""
_DELETE_NOTICES = """
delete from session.notices where id in (
    select id from session.notices where acknowledged_at < $1 order by acknowledged_at limit $2
    for update skip locked)
"""
_KEEP_NOTICES = timedelta(minutes=15)
"""Longer than a page that is open goes without asking."""


class Housekeeping:
    """Tidies up now and then; a Component. Several processes may do it at once."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        keeps_outcomes_seconds: float,
        every_seconds: float,
        keeps_actions_seconds: float = 14 * 86_400.0,
        keeps_runs_seconds: float = 30 * 86_400.0,
        keeps_changes_seconds: float = 365 * 86_400.0,
    ) -> None:
        self._database = database
        self._clock = clock
        self._keeps = timedelta(seconds=keeps_outcomes_seconds)
        self._keeps_actions = timedelta(seconds=keeps_actions_seconds)
        self._keeps_runs = timedelta(seconds=keeps_runs_seconds)
        self._keeps_changes = timedelta(seconds=keeps_changes_seconds)
        self._times = NowAndThen(
            "session-housekeeping", self.tidy, every_seconds=every_seconds, clock=clock, is_spread=True
        )

    async def start(self) -> None:
        """Begin."""
        await self._times.start()

    async def stop(self) -> None:
        """End."""
        await self._times.stop()

    async def tidy(self) -> None:
        """Delete everything that is due now."""
        now = self._clock.now()
        await self._delete(_DELETE_OUTCOMES, now - self._keeps)
        await self._delete(_DELETE_ENDINGS, now - self._keeps)
        await self._delete(_DELETE_WRAPS, now)
        await self._delete(_DELETE_NOTICES, now - _KEEP_NOTICES)
        while await action_store.forget(self._database, before=now - self._keeps_actions, limit=_BATCH):
            continue
        await errors.forget(self._database, before=now - errors.KEEPS)
        while await cron_store.forget(self._database, before=now - self._keeps_runs, limit=_BATCH):
            continue
        while await timer_troubles.forget(self._database, before=now - self._keeps_runs, limit=_BATCH):
            continue
        while await provenance.forget(self._database, before=now - self._keeps_changes, limit=_BATCH):
            continue
        await provenance.forget_looks(self._database, before=now - provenance.KEEPS_LOOKS)

    async def _delete(self, sql: str, before: datetime) -> None:
        while await self._database.execute(sql, before, _BATCH) == f"DELETE {_BATCH}":
            continue
