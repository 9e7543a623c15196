"""Timers that rang and did nothing, for operators: a reminder for a session that only its visitor opens would otherwise
be silent, and nobody would know. The only reader and writer of `session.timer_troubles`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog

from shared.contracts.session import ActionDone, RunAction
from shared.kernel.clock import Clock
from shared.kernel.telemetry import Metrics
from shared.storage.database import Database, Row, Statements

log = structlog.get_logger()

_NOTE = """
insert into session.timer_troubles (operation_id, session_id, action, status, at)
select $1, id, $3, $4, $5 from session.sessions where id = $2
on conflict (operation_id) do nothing
returning true
"""
_NEWEST = """
select operation_id, session_id::text as session_id, action, status, at from session.timer_troubles
where status = $1 and ($2 = '' or session_id::text = $2) order by at desc limit $3
"""
_FORGET = """
delete from session.timer_troubles where operation_id in (
    select operation_id from session.timer_troubles where at < $1 order by at limit $2 for update skip locked)
"""


class TimerTroubles:
    """Takes note of them."""

    def __init__(self, *, database: Database, metrics: Metrics, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._count = metrics.counter(
            "timers_without_effect_total", "Timers that rang and did nothing: refused or failed.", ("status",)
        )

    async def note(self, message: RunAction, done: ActionDone) -> None:
        """A timer's action has ended, one way or another. Raises what the database raises."""
        if done.status not in ("refused", "failed"):
            return
        is_new = await self._database.fetchval(
            _NOTE, message.operation_id, message.session_id, message.call.value.action, done.status, self._clock.now()
        )
        if is_new:
            self._count.labels(done.status).inc()
            log.warning("timer.without_effect", session=message.session_id, status=done.status)


async def newest(statements: Statements, *, status: str, session_id: str = "", limit: int = 50) -> Sequence[Row]:
    """Rows of operation_id (`timer:` id `:` how often it had rung), session_id, action, status, at."""
    return await statements.fetch(_NEWEST, status, session_id, limit)


async def forget(statements: Statements, *, before: datetime, limit: int) -> bool:
    """Forget some that are older; whether more may be left."""
    return await statements.execute(_FORGET, before, limit) == f"DELETE {limit}"
