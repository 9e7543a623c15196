"""Hours that pass while schedulers run and die: a clock that all of them look at, and what they have done by it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.storage.database import Database
from tests.fault.open_page import OpenPage
from tests.moved_clock import ClockOfFile
from tests.sites import Site

PATIENCE_SECONDS = 240.0
TIMETABLE = json.dumps({"cron_hourly": "0 * * * *", "cron_daily": "", "cron_weekly": "", "cron_monthly": ""})
ENVIRONMENT = {"COLLOQUY_CRON": TIMETABLE, "COLLOQUY_CRON_TIMEZONE": "UTC", "COLLOQUY_SWEEP_PER_SECOND": "0"}

_DUE = "select due_at from scheduler.fires where origin = 'timetable' order by due_at"
_RUNS = """
select session_id::text as session, status, count(*) as number from session.cron_runs group by session_id, status
"""
_ENTERED = "select exists (select 1 from scheduler.timetable where cron_type = 'cron_hourly')"
_WAITING = "select count(*) from scheduler.timers where state = 'waiting'"
_FORGET = (
    "delete from scheduler.timetable",
    "delete from scheduler.fires",
    "delete from scheduler.timers",
    "delete from session.cron_runs",
    "update session.sessions set allow_cron = false",
)
_HOUR = timedelta(hours=1)


def set_to_half_past(clock: ClockOfFile) -> None:
    """Set a clock on to half past an hour."""
    clock.move_to(_hour_of(clock.now()) + _HOUR + _HOUR / 2)


def _hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


class HourlyPage(OpenPage):
    """A session that counts its visits and notes its timers."""

    def __init__(self, site: Site) -> None:
        super().__init__(site, "hours")

    async def begin(self, timers: int, first: datetime) -> None:
        """Set so many timers, a quarter of an hour apart."""
        await self.open()
        await self.submit(wanted=str(timers), begin=first.isoformat())

    async def counts(self) -> tuple[int, Counter[int]]:
        """How often it was visited, and which timers have rung how often."""
        await self.look()
        visits, rung = json.loads(self.text)
        return visits, Counter(rung)


class Watch:
    """The clock, and the rows that schedulers write."""

    def __init__(self, path: Path, rows: Database) -> None:
        self.clock, self._rows = ClockOfFile(path), rows

    async def begin_anew(self) -> None:
        """Forget what there was: no timetable, no timers, no sessions that take part."""
        for sql in _FORGET:
            await self._rows.execute(sql)

    def set_to_half_past(self) -> datetime:
        """Set the clock on to half past an hour; gives the next full hour."""
        set_to_half_past(self.clock)
        return self.next_hour()

    def next_hour(self) -> datetime:
        """The next full hour by the clock."""
        return _hour_of(self.clock.now()) + _HOUR

    async def entered(self) -> None:
        """Wait until a scheduler has read the timetable."""
        await self._until(lambda: self._rows.fetchval(_ENTERED))

    async def timers_are_set(self, number: int) -> None:
        """Wait until the scheduler knows so many that have not rung."""

        async def known() -> bool:
            return bool(await self._rows.fetchval(_WAITING) == number)

        await self._until(known)

    async def fires(self) -> list[datetime]:
        """For when there were fires, in order."""
        return [row["due_at"].astimezone(UTC) for row in await self._rows.fetch(_DUE)]

    async def fired(self, hour: datetime) -> None:
        """Wait until there was a fire for this hour."""

        async def was() -> bool:
            return hour in await self.fires()

        await self._until(was)

    async def runs(self, status: str = "done") -> Counter[str]:
        """How many runs each session has had that ended so."""
        return Counter(
            {row["session"]: row["number"] for row in await self._rows.fetch(_RUNS) if row["status"] == status}
        )

    async def visited(self, sessions: int, times: int) -> None:
        """Wait until so many sessions have had so many runs."""

        async def were() -> bool:
            runs = await self.runs()
            return len(runs) >= sessions and all(number >= times for number in runs.values())

        await self._until(were)

    async def _until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await is_so():
                await asyncio.sleep(0.05)
