"""`/runs`: what comes by itself, for administrators: when cron types are due, the fires there were, and their runs.

What runs print may hold answers, as what they raise may: only administrators see it. Times are told in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.desk import Desk
from services.gateway.entering import administrator
from shared.contracts.operators import ListRuns, RunList
from shared.contracts.scheduler import FireList, ListFires

_FIRES, _RUNS = 50, 200
STATUSES = ("waiting", "done", "skipped", "failed", "refused", "missing", "lost")


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/runs")
    async def fires(request: Request) -> Response:
        browser = await administrator(desk, request)
        wanted = ListFires(cron_type=request.query_params.get("type", ""), limit=_FIRES)
        found = await desk.sessions.request(wanted, FireList)
        told = ListRuns(fire_ids=tuple(one.fire_id for one in found.fires), limit=0)
        summaries = {one.fire_id: one for one in (await desk.sessions.request(told, RunList)).summaries}
        lines: list[dict[str, Any]] = []
        for one in found.fires:
            summary = summaries.get(one.fire_id)
            lines.append(
                {
                    "id": one.fire_id,
                    "type": one.cron_type,
                    "due": _shown(one.due),
                    "late": round((one.fired - one.due).total_seconds()),
                    "origin": one.origin,
                    "counts": sorted(summary.counts.items()) if summary else [],
                    "seconds": summary.seconds if summary else 0.0,
                }
            )
        return desk.people.pages.render(
            "runs.html",
            browser,
            title="What comes by itself",
            timetable=[(one.cron_type, _shown(one.next_due), one.rule) for one in found.timetable],
            fires=lines,
            cron_type=wanted.cron_type,
        )

    @routes.get("/runs/{fire_id}")
    async def runs(request: Request, fire_id: str) -> Response:
        browser = await administrator(desk, request)
        status = request.query_params.get("status", "")
        told = ListRuns(fire_ids=(fire_id,), of_fire=fire_id, status=status if status in STATUSES else "", limit=_RUNS)
        found = await desk.sessions.request(told, RunList)
        return desk.people.pages.render(
            "runs_of_fire.html",
            browser,
            title="Runs of a fire",
            fire_id=fire_id,
            counts=sorted(found.summaries[0].counts.items()) if found.summaries else [],
            shown_status=status,
            runs=[(one, _shown(one.started_at) if one.started_at else "") for one in found.runs.value],
            is_cut=len(found.runs.value) == _RUNS,
        )

    return routes


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
