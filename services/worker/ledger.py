"""Write down that tasks begin and how they end; what is to be written at the same time goes in one statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shared.bus.outbox import Outbox, insert_statement
from shared.contracts.envelope import Envelope, Envelopes
from shared.contracts.session import BackgroundEnded, BackgroundsEnded, EndedTask
from shared.kernel.together import Together
from shared.storage.database import Database
from shared.tasks.leases import RECORD, Claim, Leases, Record, record_parameters, stale

from .room import Room

_ENDS_PER_PLACE = 2

_RECORD_AND_TELL = f"""
with reported as ({RECORD}), told as (
    {insert_statement(7, condition="exists (select 1 from reported)")}
)
select id, fencing from reported
"""  # noqa: S608  (made of constants)


class Ledger:
    """Beginnings and ends, for all runs of a worker."""

    def __init__(
        self,
        *,
        database: Database,
        leases: Leases,
        outbox: Outbox,
        envelopes: Envelopes,
        wake_relay: Callable[[], None],
        lease_seconds: float,
        room: Room,
        patience_seconds: float = 0.02,
    ) -> None:
        """`patience_seconds`: how long an end may wait for others while tasks stand in line."""
        self._database = database
        self._leases = leases
        self._outbox = outbox
        self._envelopes = envelopes
        self._wake_relay = wake_relay
        self._lease_seconds = lease_seconds
        self._begin = Together(self._begin_all)
        # What ends while others wait in line is not the last: the next ends are a moment away, and everything that
        # follows an end, here, on the bus and in the session service, is done once for all that come together.
        self._record = Together(
            self._record_all,
            expects=lambda: room.has_line,
            enough=_ENDS_PER_PLACE * room.size,
            patience_seconds=patience_seconds,
        )

    async def begin(self, claim: Claim) -> None:
        """Interview code begins to run: from here on the task is not taken over. Raises StaleTask."""
        if not await self._begin(claim):
            raise stale(claim)

    async def record(self, record: Record) -> None:
        """A first phase has ended, and nothing else is to be written with it; the session is told. Raises StaleTask."""
        if not await self._record(record):
            raise stale(record.claim)

    async def _begin_all(self, claims: Sequence[Claim]) -> Sequence[bool]:
        begun = await self._leases.begin_all(self._database, claims, lease_seconds=self._lease_seconds)
        return [claim.mark in begun for claim in claims]

    async def _record_all(self, records: Sequence[Record]) -> Sequence[bool]:
        claims = [record.claim for record in records]
        rows = await self._database.fetch(
            _RECORD_AND_TELL, *record_parameters(records), *self._outbox.rows([self._told(claims)])
        )
        self._wake_relay()
        written = {(row["id"], row["fencing"]) for row in rows}
        return [claim.mark in written for claim in claims]

    def _told(self, claims: Sequence[Claim]) -> Envelope:
        """What the session service is told, in one message: where a lease is lost it finds nothing to take in."""
        if len(claims) == 1:
            claim = claims[0]
            return self._envelopes.wrap(
                BackgroundEnded(task_id=claim.task_id, session_id=claim.session_id, fencing=claim.fencing)
            )
        tasks = tuple(
            EndedTask(task_id=claim.task_id, session_id=claim.session_id, fencing=claim.fencing) for claim in claims
        )
        return self._envelopes.wrap(BackgroundsEnded(tasks=tasks), subject="")
