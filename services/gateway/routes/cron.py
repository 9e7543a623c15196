"""`POST /api/cron/TYPE`: let a cron type run now, for operators' programs (spec/area3 §1.1).

It brings the token of the settings, as for `/api/tasks`. The fire is written down before the answer is given; asked
again with the same `Idempotency-Key`, it is the same fire.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.gateway.desk import Desk
from services.gateway.operators import admitting
from shared.kernel.ids import derived_id, new_id

_LONGEST = 100


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/cron", dependencies=[Depends(admitting(desk))], include_in_schema=False)

    @routes.post("/{cron_type}")
    async def fire(request: Request, cron_type: str) -> Response:
        if not cron_type.isidentifier() or len(cron_type) > _LONGEST:
            message = f"{cron_type!r} is no cron type: it is to be the name of a variable."
            return JSONResponse({"error": "BadCronType", "message": message}, 400)
        key = request.headers.get("idempotency-key", "")
        fire_id = derived_id("cron by api", cron_type, key) if key else new_id()
        await desk.tasks.fire(fire_id, cron_type)
        return JSONResponse({"fire": fire_id}, 202, headers={"cache-control": "no-store"})

    return routes
