"""Into a session: its lock and its row are asked for at the same moment, which spares every turn one way to a server.

A row that was read while the lock was free is what the turn works on. Who had to wait for somebody, or could not ask,
reads it again, and so does whoever learns with the lock that its last holder has saved a later version meanwhile. Where
Redis was lost in between, the version check of the commit refuses the turn, and it runs again, as after any overtaking.
"""

from __future__ import annotations

import asyncio
from typing import Any

from services.session import store
from services.session.attempt import Early, Turn, TurnLimits
from services.session.lock import Lease, SessionLockService
from services.session.measures import TurnMeasures
from services.session.operations import Request
from services.session.store import StoredSession
from shared.storage.database import Database

_FIRM_FROM_ATTEMPT = 3
_FIRM_MARGIN_SECONDS = 5.0
_FRESH_SECONDS = 0.25
"""How long the lock may take to be given for the row that was read meanwhile to count."""


class Entrance:
    """Lets turns in, and reads what they work on."""

    def __init__(
        self, *, database: Database, lock: SessionLockService, measures: TurnMeasures, limits: TurnLimits
    ) -> None:
        self._database = database
        self._lock = lock
        self._measures = measures
        self._limits = limits

    async def enter(self, turn: Turn) -> Lease | None:
        """The session's lock, whose end is `leave`; None for a turn that needs none.

        From its third attempt on nobody overtakes a turn before its time limit.
        """
        request = turn.request
        if request.is_read_only:
            return None
        firm = 0.0
        if turn.attempt >= _FIRM_FROM_ATTEMPT:
            firm = self._limits.seconds_of(request) + _FIRM_MARGIN_SECONDS
        early: asyncio.Task[StoredSession | None] | None = None
        if turn.attempt == 1 and not self._lock.is_held_here(request.session_id):
            early = asyncio.create_task(self._read(request))
            early.add_done_callback(heard)
        lease = await self._lock.acquire(request.session_id, firm_seconds=firm)
        self._measures.entered(lease)
        turn.is_overtaken |= lease.has_overtaken
        if early is not None and lease.is_immediate and lease.waited_seconds < _FRESH_SECONDS:
            turn.early = Early(early, lease.version_before)
        return lease

    def leave(self, turn: Turn, lease: Lease | None) -> None:
        """Let go of the lock, without waiting for Redis; who comes next learns what was saved."""
        if lease is not None:
            lease.saved_version = turn.saved_version
            self._lock.release(lease)

    async def read(self, turn: Turn) -> StoredSession | None:
        """The session as it is stored; None when there is none of that id. Raises what the database raises."""
        early, turn.early = turn.early, None
        if early is not None:
            found = await early.reading
            if early.version_before is None or (found is not None and found.version >= early.version_before):
                return found
        return await self._read(turn.request)

    async def _read(self, request: Request) -> StoredSession | None:
        return await store.load(
            self._database,
            request.session_id,
            holders=[holder.holder for holder in request.visitor.keys],
            operation_id=request.operation_id,
            steps=request.steps,
            user_id=request.visitor.user.the_user_id,
        )


def heard(early: asyncio.Task[Any]) -> None:
    """To be called when something ends that was begun early: if nobody waits for it any more it may fail unheard, of
    which asyncio would complain.
    """
    if not early.cancelled():
        early.exception()
