"""Where runs of interviews fail: counted by line and kind, for operators. The only reader and writer of
`session.errors`.

A failure is noted in memory and written every few seconds: an interview that fails a thousand times a minute costs one
statement. What a process had not written when it died is lost; it is a count, not a promise.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.contracts.operators import ErrorLine
from shared.interview.runtime.outcomes import RunFailed, RunResult
from shared.kernel.clock import Clock
from shared.kernel.now_and_then import NowAndThen
from shared.storage.database import Database, Statements

_ADD = """
insert into session.errors (interview, file, line, error, number, first_at, last_at)
select e.interview, e.file, e.line, e.error, e.number, $6, $6
from unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::bigint[]) as e (interview, file, line, error, number)
on conflict (interview, file, line, error) do update
set number = session.errors.number + excluded.number, last_at = excluded.last_at
"""
_LIST = """
select interview, file, line, error, number, first_at, last_at from session.errors
where $1 = '' or interview = $1 order by last_at desc limit $2
"""
_FORGET = "delete from session.errors where last_at < $1"
_EVERY_SECONDS = 5.0
_MOST_NOTED = 1000
_LONGEST = 500
KEEPS = timedelta(days=30)

Place = tuple[str, str, int, str]


class ErrorBook:
    """Notes failures. A Component: what was noted is written now and then, and at the end."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._noted: dict[Place, int] = {}
        self._writing = NowAndThen("write errors", self.write, every_seconds=_EVERY_SECONDS, clock=clock)

    async def start(self) -> None:
        """Begin to write now and then."""
        await self._writing.start()

    async def stop(self) -> None:
        """Write what is left."""
        await self._writing.stop()
        await self.write()

    def note(self, interview: str, result: RunResult) -> None:
        """A run has ended; if it failed, count where."""
        failed = result.outcome
        if not isinstance(failed, RunFailed) or failed.is_unknown:
            return
        self.note_at(interview, failed.file or "", failed.line or 0, failed.failure.error_type or failed.title)

    def note_at(self, interview: str, file: str, line: int, error: str) -> None:
        """Count one failure at a place, whoever has met it."""
        place = (interview, file[:_LONGEST], line, error[:_LONGEST])
        if place in self._noted or len(self._noted) < _MOST_NOTED:
            self._noted[place] = self._noted.get(place, 0) + 1

    async def write(self) -> None:
        """Add what was noted to the table. Raises what the database raises; then it is kept for the next time."""
        noted, self._noted = self._noted, {}
        if not noted:
            return
        places = sorted(noted)  # in one order everywhere, so that two processes do not wait for each other
        columns = [list(column) for column in zip(*places, strict=True)]
        try:
            await self._database.execute(_ADD, *columns, [noted[place] for place in places], self._clock.now())
        except BaseException:
            for place, number in noted.items():
                self._noted[place] = self._noted.get(place, 0) + number
            raise


async def newest(statements: Statements, *, interview: str = "", limit: int = 100) -> tuple[ErrorLine, ...]:
    """Where runs have failed, the newest first."""
    return tuple(
        ErrorLine(
            interview=row["interview"],
            file=row["file"],
            line=row["line"],
            error=row["error"],
            count=row["number"],
            first=row["first_at"],
            last=row["last_at"],
        )
        for row in await statements.fetch(_LIST, interview, limit)
    )


async def forget(statements: Statements, *, before: datetime) -> None:
    """Lines at which nothing has failed since."""
    await statements.execute(_FORGET, before)
