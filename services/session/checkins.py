"""A page's check-in: check-in code, then what the page is to be told about ended tasks (spec/area1 §12)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.session import notices, operations
from services.session.entrance import heard
from services.session.turn import Turns
from shared.contracts.base import Sealed
from shared.contracts.session import CheckIn, TurnReply
from shared.kernel.clock import Clock
from shared.kernel.ids import SessionId
from shared.storage.database import Database, Row


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
        request = operations.check_in(message)
        early: asyncio.Task[Sequence[Row]] | None = None
        if not message.acknowledged and not message.awaited:
            # Whether the page may know them is seen when the session is opened; until then nothing is changed.
            early = asyncio.create_task(self._waiting(message, request.session_id))
            early.add_done_callback(heard)
        turned = await self._turns.run(request)
        reply = turned.reply
        if reply.kind not in ("check_in", "problem") or turned.keys is None:
            return reply
        if message.call is not None and message.awaited:
            reply = await self._turns.with_tasks(reply, message.awaited, turned.keys)
        rows = await (self._waiting(message, request.session_id) if early is None else early)
        told = notices.delivery(rows, turned.keys, after=message.notices_after)
        own = reply.commands.value if reply.commands else ()
        return reply.model_copy(update={"commands": Sealed((*own, *told.commands)), "notices_up_to": told.up_to})

    async def _waiting(self, message: CheckIn, session_id: SessionId) -> Sequence[Row]:
        return await notices.waiting(
            self._database,
            session_id,
            user=message.visitor.value.user,
            acknowledged=message.acknowledged,
            after=message.notices_after,
            now=self._clock.now(),
        )
