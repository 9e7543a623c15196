"""What others are told of a turn: webhooks by rows of its commit, open pages by an announcement after it."""

from __future__ import annotations

from collections.abc import Sequence

from services.session.announcing import Announcer
from services.session.measures import TurnMeasures
from services.session.operations import Request
from services.session.saving import Opened
from services.session.telling import Rows, Telling
from shared.contracts.events import SessionChanged


class TurnNews:
    """Tells of what a turn has done with its session."""

    def __init__(self, *, announcer: Announcer, telling: Telling, measures: TurnMeasures) -> None:
        self._announcer = announcer
        self._telling = telling
        self._measures = measures

    def rows(self, request: Request, opened: Opened, version: int, *, is_deleted: bool = False) -> Sequence[Rows]:
        """What webhooks are told, as rows of the commit."""
        if is_deleted:
            return self._telling.rows("SessionDeleted", opened.name.interview, {"session_id": request.session_id})
        data = {"session_id": request.session_id, "version": version, "cause": request.cause}
        return self._telling.rows("SessionChanged", opened.name.interview, data)

    def ring(self, rows: Sequence[Rows]) -> None:
        """These rows are committed: whoever sends to webhooks may begin."""
        self._telling.ring(has_rows=bool(rows))

    def announce(self, request: Request, version: int, *, tasks: Sequence[str] = (), is_deleted: bool = False) -> None:
        """Open pages hear of the new version, and of tasks that ended with it: those named, else the request's."""
        ended = tuple(task_id for task_id in tasks or (request.task_id,) if task_id)
        self._measures.told(len(ended))
        self._announcer.tell(
            SessionChanged(
                session_id=request.session_id,
                version=version,
                cause="deleted" if is_deleted else request.cause,
                operation_id=request.operation_id,
                has_notices=bool(ended),
                ended_tasks=ended,
            )
        )
