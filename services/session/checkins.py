"""A page's check-in: check-in code, then what the page is to be told about ended tasks (spec/area1 §12)."""

from __future__ import annotations

from services.session import notices, operations
from services.session.turn import Turns
from shared.contracts.base import Sealed
from shared.contracts.session import CheckIn, TurnReply
from shared.storage.database import Database


class CheckIns:
    """Answers check-ins."""

    def __init__(self, *, database: Database, turns: Turns) -> None:
        self._database = database
        self._turns = turns

    async def answer(self, message: CheckIn) -> TurnReply:
        """The command of the check-in code, then the notices in the order their tasks ended."""
        turned = await self._turns.run(operations.check_in(message))
        if turned.reply.kind != "check_in" or turned.keys is None:
            return turned.reply
        waiting = await notices.deliver(
            self._database,
            turned.keys,
            audience=message.visitor.value.user.the_user_id,
            acknowledged=message.acknowledged,
        )
        own = turned.reply.commands.value if turned.reply.commands else ()
        return turned.reply.model_copy(update={"commands": Sealed((*own, *waiting))})
