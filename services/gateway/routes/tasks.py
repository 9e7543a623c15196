"""`/api/tasks`: background tasks, for operators who bring the token of the settings. Without one in the settings there
is no such address.

    GET  /api/tasks?state=open&session=…&interview=…&action=…&older_than=600&before=…&limit=50
    GET  /api/tasks/ID             one task with its history
    POST /api/tasks/ID/revoke      end it
    POST /api/tasks/ID/rerun       send its message again, in place of dead letters
"""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends
from starlette.responses import Response

from services.gateway.desk import Desk
from services.gateway.operators import admitting
from shared.kernel.errors import ColloquyError, Malformed, NotFound, Refused


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/tasks", dependencies=[Depends(admitting(desk))])

    @routes.get("")
    async def list_tasks(
        state: str = "",
        session: str = "",
        interview: str = "",
        action: str = "",
        older_than: Annotated[float | None, "seconds"] = None,
        before: str = "",
        limit: int = 50,
    ) -> Response:
        try:
            return _json(
                await desk.tasks.lines(
                    state=state,
                    session=session,
                    interview=interview,
                    action=action,
                    older_than_seconds=older_than,
                    before=before,
                    limit=limit,
                )
            )
        except ColloquyError as error:
            return _refusal(error)

    @routes.get("/{task_id}")
    async def show_task(task_id: str) -> Response:
        try:
            return _json(await desk.tasks.show(task_id))
        except ColloquyError as error:
            return _refusal(error)

    @routes.post("/{task_id}/revoke")
    async def revoke_task(task_id: str) -> Response:
        try:
            await desk.tasks.revoke(task_id)
        except ColloquyError as error:
            return _refusal(error)
        return _json({"revoked": task_id}, 202)

    @routes.post("/{task_id}/rerun")
    async def rerun_task(task_id: str) -> Response:
        try:
            await desk.tasks.ring_again(task_id)
        except ColloquyError as error:
            return _refusal(error)
        return _json({"rung_again": task_id}, 202)

    return routes


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json", headers={"cache-control": "no-store"})


def _refusal(error: ColloquyError) -> Response:
    """What programs are told. Raises what is not their mistake."""
    match error:
        case NotFound():
            status = 404
        case Malformed():
            status = 400
        case Refused():
            status = 409
        case _:
            raise error
    return _json({"error": type(error).__name__, "message": str(error)}, status)
