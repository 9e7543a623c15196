"""Other sessions, as code of a task may reach them: the worker asks the session service, the only writer of answers.

A task is no turn: it holds no lock and no transaction, and its own session goes on meanwhile. So a request can wait for
nothing that waits for it. It says by its operation id which task wants what, so that asking again does nothing twice.
"""

from __future__ import annotations

import base64

from shared.bus.port import Bus, RequestRefused, RequestTimedOut
from shared.contracts.base import Sealed
from shared.contracts.session import ReachedSession, ReachOtherSession
from shared.contracts.visitor import Visitor
from shared.evaluation.reaching import content_of, operation_of_call
from shared.interview.errors import HostRefused
from shared.interview.runtime.operations import Blobs
from shared.interview.runtime.session_calls import ListMySessions, ReachSession, SessionAnswer, SessionListAnswer

_SECONDS = 90.0
_TRIES = 3


class OtherSessions:
    """Asks for one task."""

    def __init__(self, bus: Bus, *, task_id: str, session_id: str, visitor: Visitor) -> None:
        self._bus, self._task_id, self._session_id, self._visitor = bus, task_id, session_id, visitor
        self._calls: dict[bytes, int] = {}

    async def ask(
        self, call: ReachSession | ListMySessions, blobs: Blobs
    ) -> tuple[SessionAnswer | SessionListAnswer, Blobs]:
        """Raises HostRefused with a sentence for the author."""
        content = content_of(call, blobs)
        repetition = self._calls[content] = self._calls.get(content, 0) + 1
        message = ReachOtherSession(
            operation_id=operation_of_call(f"task {self._task_id}", content, repetition),
            own_session_id=self._session_id,
            visitor=Sealed(self._visitor),
            call=Sealed(call.model_dump(mode="json")),
            blobs=Sealed({name: base64.b64encode(value).decode() for name, value in blobs.items()}),
        )
        reached = await self._answered(message)
        if reached.refusal.value:
            raise HostRefused(reached.refusal.value)
        made = {name: base64.b64decode(value) for name, value in reached.blobs.value.items()}
        if isinstance(call, ListMySessions):
            return SessionListAnswer.model_validate(reached.answer.value), made
        return SessionAnswer.model_validate(reached.answer.value), made

    async def _answered(self, message: ReachOtherSession) -> ReachedSession:
        for _ in range(_TRIES):
            try:
                return await self._bus.request(message, ReachedSession, timeout_seconds=_SECONDS)
            except RequestTimedOut:
                continue
            except RequestRefused as error:
                if not error.is_retryable:
                    break
        raise HostRefused("The other session could not be reached.")
