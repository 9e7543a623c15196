"""Which task comes next for a place in this worker: places that ask at the same time are served by one statement."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from shared.storage.database import Database
from shared.tasks.leases import Claim, KeyLost, Leases

from .room import Room


class Claims:
    """Claims tasks under a lease, one statement after the other: each must know what the one before has taken of a
    session's share.
    """

    def __init__(
        self,
        *,
        database: Database,
        leases: Leases,
        room: Room,
        owner: str,
        lease_seconds: float,
        lost: Callable[[KeyLost], Awaitable[None]],
        unwanted: Callable[[Claim], Awaitable[None]],
    ) -> None:
        self._database = database
        self._leases = leases
        self._room = room
        self._owner = owner
        self._lease_seconds = lease_seconds
        self._lost = lost
        self._unwanted = unwanted
        self._asking: dict[bool, deque[asyncio.Future[Claim | None]]] = {False: deque(), True: deque()}
        self._going: asyncio.Task[None] | None = None

    async def next(self, *, is_low: bool) -> Claim | None:
        """The task whose turn it is, counted in; None when there is none that may run here now.

        Raises what the database raises.
        """
        answer: asyncio.Future[Claim | None] = asyncio.get_running_loop().create_future()
        self._asking[is_low].append(answer)
        if self._going is None:
            self._going = asyncio.create_task(self._go(), name="claim tasks")
        return await answer

    async def _go(self) -> None:
        try:
            while any(self._asking.values()):
                for is_low, asking in self._asking.items():
                    if asking:
                        await self._serve(is_low, asking)
        finally:
            self._going = None

    async def _serve(self, is_low: bool, asking: deque[asyncio.Future[Claim | None]]) -> None:
        if not self._room.is_open:
            _answer(asking, None)
            return
        number = min(len(asking), self._room.may_begin)
        try:
            claims, lost, self._room.has_line = await self._leases.claim_some(
                self._database,
                number,
                is_low_priority=is_low,
                owner=self._owner,
                lease_seconds=self._lease_seconds,
                besides_sessions=self._room.full_sessions,
                besides_interviews=self._room.full_interviews,
            )
            for each in lost:
                await self._lost(each)
        except Exception as error:  # whoever asked hears of it
            while asking:
                answer = asking.popleft()
                if not answer.done():
                    answer.set_exception(error)
            return
        for claim in claims:
            await self._give(claim, asking)
        if len(claims) + len(lost) < number:
            _answer(asking, None)

    async def _give(self, claim: Claim, asking: deque[asyncio.Future[Claim | None]]) -> None:
        while asking:
            answer = asking.popleft()
            if not answer.done():
                self._room.begin(claim.session_id, claim.interview)
                answer.set_result(claim)
                return
        await self._unwanted(claim)


def _answer(asking: deque[asyncio.Future[Claim | None]], claim: Claim | None) -> None:
    """The same for all that ask."""
    while asking:
        answer = asking.popleft()
        if not answer.done():
            answer.set_result(claim)
