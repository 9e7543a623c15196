"""Runs of cron types for operators: how many ended how, what each printed, what was wrong. Opens what is sealed."""

from __future__ import annotations

import orjson

from services.session import cron_store as store
from services.session.cron_store import PlannedRun
from services.session.sweeps import TWIN, purpose_of
from shared.contracts.base import Sealed, Sealer
from shared.contracts.operators import FireSummary, ListRuns, RunEntry, RunList
from shared.kernel.ids import SessionId, is_id
from shared.storage.database import Database, Row

MOST_RUNS = 500
_LONGEST_TEXT = 2000
"""Letters of what a run printed, in a list."""


class RunDesk:
    """Answers about runs."""

    def __init__(self, *, database: Database, sealer: Sealer) -> None:
        self._database, self._sealer = database, sealer

    async def page(self, message: ListRuns) -> RunList:
        """What a page shows; nothing for a fire that there never was."""
        summaries = [await self._summary(fire_id) for fire_id in message.fire_ids[:MOST_RUNS] if is_id(fire_id)]
        rows: list[Row] = []
        if message.limit > 0 and (not message.of_fire or is_id(message.of_fire)):
            limit = min(message.limit, MOST_RUNS)
            rows = await store.runs(self._database, fire_id=message.of_fire, status=message.status, limit=limit)
        entries = tuple(entry_of(row, self._sealer, longest=_LONGEST_TEXT) for row in rows)
        return RunList(summaries=tuple(summaries), runs=Sealed(entries))

    async def _summary(self, fire_id: str) -> FireSummary:
        rows = await store.summary(self._database, fire_id)
        return FireSummary(
            fire_id=fire_id,
            counts={row["status"]: row["number"] for row in rows},
            seconds=sum(row["seconds"] for row in rows),
        )


def entry_of(row: Row, sealer: Sealer, *, longest: int = 0) -> RunEntry:
    """A row of `cron_store.runs`, opened; texts longer than `longest` are cut short, unless it is 0."""
    run = PlannedRun(
        fire_id=str(row["fire_id"]), session_id=SessionId(str(row["session_id"])), is_background=row["is_background"]
    )
    sealed = row["report_sealed"]
    report = orjson.loads(sealer.open(sealed, purpose=purpose_of(run))) if sealed else {}

    def said(name: str) -> str:
        text = str(report.get(name, ""))
        return text[:longest] + "…" if longest and len(text) > longest else text

    is_twin = run.is_background and not row["cron_type"].endswith(TWIN)
    return RunEntry(
        fire_id=run.fire_id,
        session_id=run.session_id,
        interview=row["interview"],
        action=row["cron_type"] + (TWIN if is_twin else ""),
        status=row["status"],
        planned_at=row["planned_at"],
        started_at=row["started_at"],
        seconds=row["seconds"],
        text=said("text"),
        error=said("error"),
        place=said("place"),
    )
