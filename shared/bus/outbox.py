"""Messages that are committed with the answers and published after the commit, also after a crash (DESIGN §1.3).

A transaction writes rows (`Outbox`), the relay publishes them (`OutboxRelay`). A row is deleted once the bus has
confirmed it; until then a crash of anybody means that it is published again, perhaps a second time.

The relay that has a row in hand is written into the row. It holds an advisory lock of its number for as long as its
connection lives, so that the claims of a dead process are void at once, without leases to wait for; and a row may stay
in hand as long as a local handler takes, without an open transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog

from shared.bus.cloudevents import Codec
from shared.bus.port import Bus, Envelope, Packed
from shared.kernel.errors import ColloquyError, Refused, Retryable
from shared.storage.database import Connection, Database, Row, Statements

log = structlog.get_logger()


_AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # long ago also for a database whose clock is behind ours


class OutboxColumns(NamedTuple):
    """Rows of the outbox as the columns of `unnest`, in the order of the parameters of `insert_statement`."""

    ids: list[str]
    types: list[str]
    destinations: list[str]
    event_flags: list[bool]
    subjects: list[str]
    bodies: list[bytes]
    not_before: list[datetime]


def insert_statement(first: int = 1, *, condition: str = "true") -> str:
    """Insert the seven columns of `OutboxColumns`, passed as parameters number `first` to `first + 6`.

    To commit in one round trip, make it a part of a bigger statement: `with saved as (update … returning id),
    published as (<this, with condition="exists (select 1 from saved)">) select …`.
    """
    kinds = ("text", "text", "text", "boolean", "text", "bytea", "timestamptz")
    columns = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(kinds, start=first))
    return f"""
insert into bus.outbox (id, type, destination, is_event, subject, body, not_before)
select id, type, destination, is_event, subject, body, not_before
from unnest({columns}) with ordinality
    as row (id, type, destination, is_event, subject, body, not_before, place)
where {condition}
order by place
"""  # noqa: S608  # made of constants: parameter numbers and a condition written in code


INSERT = insert_statement()
"""The statement on its own, with parameters 1 to 7."""


class Outbox:
    """Writes messages into the outbox inside the caller's transaction; the caller wakes the relay after the commit."""

    def __init__(self, *, codec: Codec) -> None:
        self._codec = codec

    def rows(self, envelopes: Iterable[Envelope], *, not_before: datetime | None = None) -> OutboxColumns:
        """The messages as array parameters for `insert_statement`; `not_before` delays them (aware, UTC)."""
        packed = [self._codec.pack(envelope) for envelope in envelopes]
        return OutboxColumns(
            ids=[each.id for each in packed],
            types=[each.type for each in packed],
            destinations=[each.destination for each in packed],
            event_flags=[each.is_event for each in packed],
            subjects=[each.subject for each in packed],
            bodies=[each.body for each in packed],
            not_before=[not_before or _AT_ONCE] * len(packed),
        )

    async def add(
        self, statements: Statements, envelopes: Iterable[Envelope], *, not_before: datetime | None = None
    ) -> None:
        """Write the messages in the transaction that is open on this connection."""
        columns = self.rows(envelopes, not_before=not_before)
        if columns.ids:
            await statements.execute(INSERT, *columns)


RELAYS = 0x6F757478  # "outx": the first half of the advisory locks of relays

_NUMBER = "select nextval('bus.relay_numbers')::integer"
_LIVE = "select pg_advisory_lock($1, $2)"
_LEAVE = "select pg_advisory_unlock($1, $2)"
# To lose a claim or a deletion in a crash of the server means to publish twice, which is allowed: no need to wait.
_DO_NOT_WAIT_FOR_DISK = "set synchronous_commit = off"
_WAIT_FOR_DISK = "reset synchronous_commit"
_CLAIM = "select * from bus.claim_outbox($1, $2, $3, $4) order by position"
_FORGET = "delete from bus.outbox where position = any($1::bigint[])"
_RELEASE = """
update bus.outbox
set claimed_by = null, attempts = attempts + 1,
    not_before = now() + make_interval(secs => least(0.2 * power(2, least(attempts, 10)), 5))
where position = any($1::bigint[])
"""
_BURY = """
with gone as (delete from bus.outbox where position = $1 returning *)
insert into bus.dead_letters (queue, type, message_id, subject, reason, attempts, body, died_at)
select destination, type, id, subject, $2, attempts + 1, body, now() from gone
"""
_RECONNECT_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)
_BUS_DOWN_SECONDS = 0.2
_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Row:
    position: int
    packed: Packed

    @property
    def order(self) -> tuple[str, str]:
        """Rows of equal order are handed over one after the other; without a subject every row is for itself."""
        packed = self.packed
        return (packed.destination, packed.subject or f"\0{self.position}")


class OutboxRelay:
    """Publishes what was committed; a Component. Any number may work on one database.

    `wake` is called by whoever has committed. `poll_seconds` is only the net: for rows of processes that died between
    commit and publishing, and for delayed rows. It keeps one connection of the pool for itself. List it before the
    bus among a service's components: then the bus stops first, and what its handlers finished is still deleted.
    """

    def __init__(
        self,
        *,
        database: Database,
        bus: Bus,
        batch: int = 100,
        poll_seconds: float = 1.5,
        in_flight_limit: int = 10_000,
        drain_seconds: float = 5.0,
    ) -> None:
        self._database = database
        self._bus = bus
        self._batch = batch
        self._poll_seconds = poll_seconds
        self._in_flight_limit = in_flight_limit
        self._drain_seconds = drain_seconds
        self._rung = asyncio.Event()
        self._has_news = True
        self._stop = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_flight: set[int] = set()
        self._lines: dict[tuple[str, str], deque[_Row]] = {}
        self._published: list[int] = []
        self._failed: list[int] = []
        self._hopeless: list[tuple[int, str]] = []
        self._problem: str | None = "The outbox relay is not started."

    def wake(self) -> None:
        """Something was committed: publish it now. Cheap, and never wrong."""
        self._has_news = True
        self._rung.set()

    async def start(self) -> None:
        """Begin to publish; a database that is not there is waited for."""
        if self._loop is None:
            self._stop.clear()
            self._loop = asyncio.create_task(self._live(), name="outbox-relay")

    async def stop(self) -> None:
        """Take no more rows; wait some seconds for those in hand, whose rows otherwise stay for the next start."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        self._stop.set()
        self._rung.set()
        _, late = await asyncio.wait([loop], timeout=self._drain_seconds + _STOP_SECONDS)
        for task in late:  # the database does not answer
            task.cancel()

    async def problem(self) -> str | None:
        """Readiness: None when it works."""
        return self._problem

    async def _live(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                async with self._database.connection() as connection, _membership(connection) as number:
                    failures, self._problem = 0, None
                    await self._relay(connection, number)
            except Exception as error:  # whatever it is, what is committed must still be published
                reason = str(error) if isinstance(error, ColloquyError) else type(error).__name__
                self._problem = f"The outbox relay does not work: {reason}"
                log.warning("outbox.interrupted", reason=reason)
                pause = _RECONNECT_SECONDS[min(failures, len(_RECONNECT_SECONDS) - 1)]
                failures += 1
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._stop.wait()
        for task in self._tasks:
            task.cancel()
        self._problem = "The outbox relay is stopped."

    async def _relay(self, connection: Connection, number: int) -> None:
        """Claim, hand over, forget, until told to stop."""
        looks_for_dead = True
        while not self._stop.is_set():
            await self._write_down(connection)
            is_up = await self._bus.problem() is None
            claims = is_up and (self._has_news or looks_for_dead) and len(self._in_flight) < self._in_flight_limit
            if claims:
                self._has_news = False
                found = await connection.fetch(_CLAIM, number, RELAYS, self._batch, looks_for_dead)
                self._hand_over([_row(each) for each in found])
                looks_for_dead = False
                if len(found) == self._batch:
                    self._has_news = True
                    continue
            was_rung = await self._wait(self._poll_seconds if is_up else _BUS_DOWN_SECONDS)
            looks_for_dead = looks_for_dead or not was_rung
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._drain_seconds):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        await self._write_down(connection)

    async def _wait(self, seconds: float) -> bool:
        """Until rung or the time is over; whether it was rung. What was not written down yet does not wait."""
        if not (self._published or self._failed or self._hopeless or self._stop.is_set()):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._rung.wait()
        was_rung = self._rung.is_set()
        self._rung.clear()
        return was_rung

    def _hand_over(self, rows: Sequence[_Row]) -> None:
        """Let every row join the line of its order; a line is worked off by one sender."""
        for row in rows:
            # After a lost connection our own rows come back while they are still in hand: they are not sent twice.
            if row.position in self._in_flight:
                continue
            self._in_flight.add(row.position)
            if row.order in self._lines:
                self._lines[row.order].append(row)
            else:
                self._lines[row.order] = deque([row])
                self._spawn(self._send(row.order))

    async def _send(self, order: tuple[str, str]) -> None:
        """Hand the rows of a line over, one after the other; when one fails, those behind it wait with it."""
        line = self._lines[order]
        while line:
            row = line[0]
            try:
                receipt = await self._bus.hand_over(row.packed)
            except Refused as error:
                self._settle(row, error)
            except Exception as error:
                for waiting in line:
                    self._settle(waiting, error)
                break
            else:
                self._spawn(self._watch(row, receipt))
            line.popleft()
        del self._lines[order]

    async def _watch(self, row: _Row, receipt: Awaitable[None]) -> None:
        try:
            await receipt
        except Exception as error:
            self._settle(row, error)
        else:
            self._settle(row, None)

    def _settle(self, row: _Row, error: Exception | None) -> None:
        match error:
            case None:
                self._published.append(row.position)
            case Refused():
                log.error("outbox.refused", type=row.packed.type, message=row.packed.id, reason=str(error))
                self._hopeless.append((row.position, f"{type(error).__name__}: {error}"))
            case _:
                reason = str(error) if isinstance(error, ColloquyError) else type(error).__name__
                level = log.info if isinstance(error, Retryable) else log.error
                level("outbox.not_published", type=row.packed.type, message=row.packed.id, reason=reason)
                self._failed.append(row.position)
        self._rung.set()

    async def _write_down(self, connection: Connection) -> None:
        """Bring the rows up to date with what happened to their messages."""
        if self._published:
            done = self._published[:]
            await connection.execute(_FORGET, done)
            del self._published[: len(done)]
            self._in_flight.difference_update(done)
        if self._failed:
            failed = self._failed[:]
            await connection.execute(_RELEASE, failed)
            del self._failed[: len(failed)]
            self._in_flight.difference_update(failed)
        while self._hopeless:
            position, reason = self._hopeless[0]
            await connection.execute(_BURY, position, reason)
            del self._hopeless[0]
            self._in_flight.discard(position)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@contextlib.asynccontextmanager
async def _membership(connection: Connection) -> AsyncIterator[int]:
    """A relay's number, alive for as long as this connection; the connection goes back to the pool as it was."""
    number: int = await connection.fetchval(_NUMBER)
    await connection.execute(_DO_NOT_WAIT_FOR_DISK)
    await connection.execute(_LIVE, RELAYS, number)
    try:
        yield number
    finally:
        with contextlib.suppress(ColloquyError):  # a lost connection has left already
            await connection.execute(_LEAVE, RELAYS, number)
            await connection.execute(_WAIT_FOR_DISK)


def _row(found: Row) -> _Row:
    return _Row(
        position=found["position"],
        packed=Packed(
            id=found["id"],
            type=found["type"],
            destination=found["destination"],
            is_event=found["is_event"],
            body=found["body"],
            subject=found["subject"],
        ),
    )
