"""Ask the session service, in one hop, and wait for its answer."""

from __future__ import annotations

from shared.bus.port import Bus
from shared.contracts.base import Command
from shared.contracts.session import InterviewEntry, InterviewList, ListInterviews, TurnReply
from shared.kernel.errors import ColloquyError

_READY_SECONDS = 3.0


class Sessions:
    """The session service, as the gateway sees it."""

    def __init__(self, *, bus: Bus, timeout_seconds: float) -> None:
        self._bus, self._timeout_seconds = bus, timeout_seconds

    async def ask(self, command: Command) -> TurnReply:
        """Any request about one session. Raises BusUnavailable, RequestTimedOut, RequestRefused."""
        return await self._bus.request(command, TurnReply, timeout_seconds=self._timeout_seconds)

    async def interviews(self, language: str) -> tuple[InterviewEntry, ...]:
        """What can be started. Raises as `ask`."""
        command = ListInterviews(language=language)
        return (await self._bus.request(command, InterviewList, timeout_seconds=self._timeout_seconds)).interviews

    async def problem(self) -> str | None:
        """Readiness: None when the session service answers."""
        try:
            await self._bus.request(ListInterviews(), InterviewList, timeout_seconds=_READY_SECONDS)
        except ColloquyError as error:
            return f"The session service does not answer: {error}"
        return None
