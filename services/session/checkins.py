"""A page's check-in: check-in code, then what the page is to be told about ended tasks (spec/area1 §12)."""

from __future__ import annotations

from services.session import notices, operations
from services.session.turn import Turns
from shared.contracts.base import Sealed
from shared.contracts.session import CheckIn, TurnReply
from shared.kernel.clock import Clock
from shared.storage.database import Database


class CheckIns:
    """Answers check-ins."""

    def __init__(self, *, database: Database, turns: Turns, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._turns = turns

    async def answer(self, message: CheckIn) -> TurnReply:
        """The command of the check-in code, the notices in the order of launch, and how awaited tasks stand.

        Code that failed keeps nobody from being told: its reply, a problem, has the notices as well.
        """
        turned = await self._turns.run(operations.check_in(message))
        reply = turned.reply
        if reply.kind not in ("check_in", "problem") or turned.keys is None:
            return reply
        if message.call is not None and message.awaited:
            reply = await self._turns.with_tasks(reply, message.awaited, turned.keys)
        waiting = await notices.deliver(
            self._database,
            turned.keys,
            user=message.visitor.value.user,
            acknowledged=message.acknowledged,
            after=message.notices_after,
            now=self._clock.now(),
        )
        own = reply.commands.value if reply.commands else ()
        told = {"commands": Sealed((*own, *waiting.commands)), "notices_up_to": waiting.up_to}
        return reply.model_copy(update=told)
