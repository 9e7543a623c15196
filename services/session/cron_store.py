"""Runs of cron types as rows of `session.cron_runs`, and which sessions a fire concerns. The only reader and writer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from shared.kernel.ids import SessionId
from shared.storage.database import Row, Statements

RunStatus = Literal["done", "skipped", "failed", "refused", "missing"]

# A loose scan of the index: one step for every interview, however many sessions it has.
_INTERVIEWS = """
with recursive found (interview) as (
    (select interview from session.sessions where allow_cron order by interview limit 1)
    union all
    select (select s.interview from session.sessions s where s.allow_cron and s.interview > found.interview
            order by s.interview limit 1)
    from found where found.interview is not null
)
select interview from found where interview is not null
"""
_FORSAKE = """
update session.cron_runs set status = 'lost' where status = 'waiting' and cron_type = $1 and planned_at < $2
"""
_PLAN = """
with page as (
    select s.id, s.multi_user or exists (select 1 from session.wraps w where w.session_id = s.id
                                         and w.holder = 'unattended:cron') as can_be_opened
    from session.sessions s
    where s.allow_cron and s.interview = $3 and ($4 = '' or s.id > nullif($4, '')::uuid)
    order by s.id limit $5
), planned as (
    insert into session.cron_runs (fire_id, session_id, is_background, cron_type, interview, planned_at)
    select $1, page.id, b.is_background, $2, $3, $6
    from page, unnest($7::boolean[]) with ordinality as b (is_background, place)
    where page.can_be_opened
    order by page.id, b.place
    on conflict do nothing
    returning session_id, is_background
)
select (select max(id::text) from page) as last, (select count(*) from page) as size,
       array(select row(session_id::text, is_background) from planned order by session_id, is_background) as planned
"""
_TO_DO = """
select session_id::text, interview from session.cron_runs
where fire_id = $1 and session_id = any($2::uuid[]) and is_background = $3 and status = 'waiting'
"""
_END = """
update session.cron_runs r set status = e.status, started_at = e.started, seconds = e.seconds, report_sealed = e.report
from unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::text[], $5::timestamptz[], $6::double precision[], $7::bytea[])
     as e (fire_id, session_id, is_background, status, started, seconds, report)
where r.fire_id = e.fire_id and r.session_id = e.session_id and r.is_background = e.is_background
  and r.status = 'waiting'
"""
_LIST = """
select fire_id, session_id, is_background, cron_type, interview, status, planned_at, started_at, seconds, report_sealed
from session.cron_runs
where {of_fire} and ($2 = '' or session_id::text = $2) and ($3 = '' or status = $3)
order by planned_at desc, session_id limit $4
"""
_OF_ALL, _OF_FIRE = _LIST.format(of_fire="$1 = ''"), _LIST.format(of_fire="fire_id = $1::uuid")
_SUMMARY = """
select status, count(*) as number, coalesce(sum(seconds), 0) as seconds from session.cron_runs
where fire_id = $1 group by status
"""
_FORGET = """
delete from session.cron_runs where (fire_id, session_id, is_background) in (
    select fire_id, session_id, is_background from session.cron_runs where planned_at < $1
    order by planned_at limit $2 for update skip locked)
"""

_FORSAKEN = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """One run of a fire that is to be made; as a key of its row, too."""

    fire_id: str
    session_id: SessionId
    is_background: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRun:
    """A run that was made: how it ended, and what it printed."""

    run: PlannedRun
    status: RunStatus
    started: datetime
    seconds: float
    report_sealed: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What was planned for a page of sessions, and where the next one begins; empty on the last page."""

    runs: Sequence[PlannedRun] = field(default_factory=tuple)
    last: str = ""


async def interviews(statements: Statements) -> list[str]:
    """The interviews that have sessions which take part in cron."""
    return [row["interview"] for row in await statements.fetch(_INTERVIEWS)]


async def forsake(statements: Statements, cron_type: str, *, now: datetime) -> None:
    """Give up runs of earlier fires that never came to their turn; their sessions are visited again."""
    await statements.execute(_FORSAKE, cron_type, now - _FORSAKEN)


async def plan(
    statements: Statements,
    *,
    fire_id: str,
    cron_type: str,
    interview: str,
    after: str,
    kinds: Sequence[bool],
    limit: int,
    now: datetime,
) -> Page:
    """Plan the runs of the next page of sessions. `kinds` says which twins there are: the action (False), the
    background action (True). Sessions that the server cannot open are left out, and those that still wait for a run of
    the same type.
    """
    row = await statements.fetchrow(_PLAN, fire_id, cron_type, interview, after, limit, now, list(kinds))
    assert row is not None
    runs = [
        PlannedRun(fire_id=fire_id, session_id=SessionId(str(session_id)), is_background=is_background)
        for session_id, is_background in row["planned"]
    ]
    return Page(runs=runs, last=row["last"] if row["size"] == limit else "")


async def to_do(
    statements: Statements, fire_id: str, session_ids: Sequence[str], *, is_background: bool
) -> dict[str, str]:
    """Which of these sessions are still to be visited, and their interviews; not those that were visited, or that
    nobody planned.
    """
    rows = await statements.fetch(_TO_DO, fire_id, list(session_ids), is_background)
    return {row["session_id"]: row["interview"] for row in rows}


async def end(statements: Statements, made: Sequence[MadeRun]) -> None:
    """How runs have ended."""
    await statements.execute(
        _END,
        [one.run.fire_id for one in made],
        [one.run.session_id for one in made],
        [one.run.is_background for one in made],
        [one.status for one in made],
        [one.started for one in made],
        [one.seconds for one in made],
        [one.report_sealed for one in made],
    )


async def runs(
    statements: Statements, *, fire_id: str = "", session_id: str = "", status: str = "", limit: int = 50
) -> list[Row]:
    """The newest runs: columns as in the table."""
    return list(await statements.fetch(_OF_FIRE if fire_id else _OF_ALL, fire_id, session_id, status, limit))


async def summary(statements: Statements, fire_id: str) -> list[Row]:
    """How many runs of a fire ended how, and how long they took: status, number, seconds."""
    return list(await statements.fetch(_SUMMARY, fire_id))


async def forget(statements: Statements, *, before: datetime, limit: int) -> bool:
    """Delete a batch of old records; whether there may be more."""
    return await statements.execute(_FORGET, before, limit) == f"DELETE {limit}"
