"""Ask the session service, in one hop, and wait for its answer."""

from __future__ import annotations

from typing import TypeVar

from shared.bus.port import Bus, RequestRefused
from shared.contracts.base import Command, Reply, Sealed
from shared.contracts.session import (
    FileReply,
    InterviewEntry,
    InterviewList,
    ListInterviews,
    OpenFile,
    ReadVariables,
    TurnReply,
)
from shared.contracts.visitor import Visitor
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import new_code, new_id

R = TypeVar("R", bound=Reply)

_READY_SECONDS = 3.0
_NO_INTERVIEW = "nobody:data/questions/nothing.yml"


class Sessions:
    """The session service, as the gateway sees it."""

    def __init__(self, *, bus: Bus, timeout_seconds: float) -> None:
        self._bus, self._timeout_seconds = bus, timeout_seconds

    async def ask(self, command: Command) -> TurnReply:
        """Any request about one session. Raises BusUnavailable, RequestTimedOut, RequestRefused."""
        return await self._bus.request(command, TurnReply, timeout_seconds=self._timeout_seconds)

    async def request(self, command: Command, reply: type[R]) -> R:
        """Any other request, with the reply that belongs to it. Raises as `ask`."""
        return await self._bus.request(command, reply, timeout_seconds=self._timeout_seconds)

    async def file(self, command: OpenFile) -> FileReply:
        """What opens a file, if they may see it. Raises as `ask`."""
        return await self._bus.request(command, FileReply, timeout_seconds=self._timeout_seconds)

    async def interviews(
        self, language: str, privileges: tuple[str, ...] = ("anonymous",)
    ) -> tuple[InterviewEntry, ...]:
        """What can be started by somebody with these privileges. Raises as `ask`."""
        command = ListInterviews(language=language, privileges=privileges)
        return (await self._bus.request(command, InterviewList, timeout_seconds=self._timeout_seconds)).interviews

    async def problem(self) -> str | None:
        """Readiness: None when the session service answers, be it that there is no such session."""
        probe = ReadVariables(
            operation_id=new_id(), interview=_NO_INTERVIEW, session_code=Sealed(new_code()), visitor=Sealed(Visitor())
        )
        try:
            await self._bus.request(probe, TurnReply, timeout_seconds=_READY_SECONDS)
        except RequestRefused:
            return None
        except ColloquyError as error:
            return f"The session service does not answer: {error}"
        return None
