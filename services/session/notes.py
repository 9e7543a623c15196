"""Notes of who set which variables: what a turn writes with its answers. Pure; provenance.py reads them.

Names and people, never a value: sealed under the server's key, so that an administrator can be told them although the
session is closed to everybody but its visitor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from services.session.attempt import Ran
from services.session.operations import Request
from services.session.store import NewNote
from shared.contracts.base import Sealer
from shared.contracts.provenance import Setter
from shared.crypto.rotation import SealedColumn, at_rest
from shared.interview.runtime.operations import CallAction, CheckInCall, RunResponseAction, StartTask
from shared.kernel.ids import SessionId

_BY_ITSELF: dict[str, Setter] = {"cron": "cron", "mail": "mail", "timers": "timer", "actions": "service"}


def notes_of(ran: Sequence[Ran], session_id: SessionId, version: int, sealer: Sealer) -> list[NewNote]:
    """A note for each run of a turn that set something. `version` is the one that is saved."""
    notes = []
    for place, one in enumerate(ran):
        header = one.result.header
        if header.changed_names or header.removed_names:
            told = {**_told(one), "changed": header.changed_names, "removed": header.removed_names}
            note = {name: value for name, value in told.items() if value}
            sealed = sealer.seal(orjson.dumps(note), purpose=purpose(session_id, version, place))
            notes.append(NewNote(place, one.turn.request.cause, sealed))
    return notes


def setter_of(request: Request) -> Setter:
    """Who or what asked for a run."""
    if request.task_id:
        return "task"
    if request.unattended is not None:
        return _BY_ITSELF[request.unattended]
    if request.is_passing_by:
        return "session"
    is_program = request.cause == "api" or request.visitor.request.interface == "api"
    return "api" if is_program else "person"


def _told(one: Ran) -> dict[str, Any]:
    request, operation = one.turn.request, one.operation
    action = ""
    if isinstance(operation, CallAction | CheckInCall | RunResponseAction | StartTask):
        action = operation.action
    by = setter_of(request)
    user = request.visitor.user
    return {
        "by": by,
        "user": user.session_uid if by == "service" else user.the_user_id,
        "what": action,
        "task": request.task_id,
    }


def purpose(session_id: str, version: int, place: int) -> str:
    """What a note is bound to."""
    return f"change {session_id} {version} {place}"


SEALED = SealedColumn(
    table="session.changes",
    column="note_sealed",
    key=("session_id", "version", "place"),
    seal_again=at_rest(lambda row: purpose(str(row["session_id"]), row["version"], row["place"])),
)
