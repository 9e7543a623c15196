"""How a turn ends a session: it goes away with all that belongs to it, or one person goes and others stay in it."""

from __future__ import annotations

from services.session import store
from services.session.attempt import Turn, standing_of
from services.session.checkpoint import Checkpoint
from services.session.effects import Effects
from services.session.endings import ending_purpose
from services.session.my_sessions import MySessions, heirs_of
from services.session.outcomes import Turned, deleted_reply, pack, reply_of
from services.session.saving import Opened
from services.session.store import StaleVersion
from services.session.turn_news import TurnNews
from shared.contracts.session import TurnReply
from shared.crypto.keys import ServerKeys
from shared.interview.runtime.outcomes import RunResult
from shared.kernel.clock import Clock
from shared.storage.database import Database


class Departures:
    """Ends sessions, and the part that one person has in them."""

    def __init__(
        self,
        *,
        database: Database,
        server_keys: ServerKeys,
        effects: Effects,
        mine: MySessions,
        news: TurnNews,
        clock: Clock,
        checkpoint: Checkpoint,
    ) -> None:
        self._database = database
        self._server_keys = server_keys
        self._effects = effects
        self._mine = mine
        self._news = news
        self._clock = clock
        self._checkpoint = checkpoint

    async def end(self, turn: Turn, opened: Opened, result: RunResult | None) -> Turned:
        """The session goes away, with its tasks; how is remembered under the server's key.

        When somebody has asked for it and others stay, only that one goes. `result` is of the run that asked for the
        end; None when nothing was run. Raises StaleVersion.
        """
        request, stored = turn.request, opened.stored
        reply = deleted_reply(request.session_id, opened.name.code)
        if result is not None:
            reply = reply_of(result, {}, standing_of(opened, turn), check_in_action=request.check_in_action)
        if stored is None:
            return Turned(reply, None, result)
        is_of_somebody = request.unattended is None
        if is_of_somebody and await self._leave(turn, opened, result, reply):
            return Turned(reply, None, result)
        sealed = self._server_keys.at_rest.seal(
            pack(reply), purpose=ending_purpose(request.session_id, request.operation_id)
        )
        async with self._database.transaction() as connection:
            everybody = () if is_of_somebody else await store.accounts_in(connection, request.session_id)
            heirs = heirs_of(request.visitor) if is_of_somebody else tuple(everybody)
            await store.delete(
                connection,
                stored,
                operation_id=request.operation_id,
                outcome_sealed=sealed,
                now=self._clock.now(),
            )
            await self._effects.end_session_of(connection, request.session_id, heirs=heirs)
            told = self._news.rows(request, opened, stored.version + 1, is_deleted=True)
            for row in (*(() if result is None else turn.host.changes), *told):
                await row(connection)
        await self._checkpoint.reached("committed", request.session_id)
        self._effects.wake()
        self._news.ring(told)
        self._news.announce(request, stored.version + 1, is_deleted=True)
        return Turned(reply, None, result)

    async def _leave(self, turn: Turn, opened: Opened, result: RunResult | None, reply: TurnReply) -> bool:
        """Go from a session in which others stay; False when nobody is left. What a run has done elsewhere is kept, and
        that this was done. Raises StaleVersion.
        """
        request, changes = turn.request, () if result is None else turn.host.changes
        async with self._database.transaction() as connection:
            version = await store.hold(connection, request.session_id)
            if version != opened.version or await store.was_handled(
                connection, request.session_id, request.operation_id
            ):
                raise StaleVersion(opened.version)
            if not await self._mine.detach(connection, request.session_id, request.visitor):
                return False
            outcome = opened.keys.seal_value(pack(reply), "outcome", request.operation_id)
            outcomes = {request.operation_id: outcome}
            await store.note_handled(connection, request.session_id, outcomes, now=self._clock.now())
            for row in changes:
                await row(connection)
            if turn.also is not None:
                await turn.also(connection, [] if result is None else [(result, {})], opened.keys, version)
        await self._checkpoint.reached("committed", request.session_id)
        self._effects.wake()
        if request.task_id:
            self._news.announce(request, version)
        return True
