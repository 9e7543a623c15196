"""A scheduler's ticker on a database and a clock of its own; what it says is read from the outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from services.scheduler.schema import SCHEMA
from services.scheduler.ticker import Ticker, TickerParts
from shared.bus.cloudevents import Codec
from shared.bus.outbox import Outbox
from shared.bus.schema import SCHEMA as BUS
from shared.contracts.base import Message
from shared.contracts.catalog import message_types
from shared.contracts.envelope import Envelopes
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import ManualClock
from shared.kernel.recurrence import Recurrence
from shared.people.schema import SCHEMA as PEOPLE
from shared.storage.database import Database
from shared.storage.migrations import migrate

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class Desk:
    """Makes tickers on one database, and reads what they have said."""

    database: Database
    keys: ServerKeys
    codec: Codec
    rings: list[int]

    def ticker(self, clock: ManualClock, rules: Mapping[str, Recurrence] | None = None) -> Ticker:
        """One scheduler process, with a clock of its own."""
        return Ticker(
            TickerParts(
                database=self.database,
                outbox=Outbox(codec=self.codec),
                envelopes=Envelopes("scheduler", clock),
                wake_relay=lambda: self.rings.append(1),
                sealer=self.keys.at_rest,
                clock=clock,
                rules=rules or {},
                url_root="https://colloquy.example/",
            )
        )

    async def said(self) -> list[Any]:
        """The messages that are to be published, in their order; they are taken away."""
        rows = await self.database.fetch("delete from bus.outbox returning position, type, body")
        return [await self._read(row["body"]) for row in sorted(rows, key=lambda row: row["position"])]

    async def _read(self, body: bytes) -> Message:
        return (await self.codec.read(body)).message


@pytest.fixture
async def desk(database: Database, server_keys: ServerKeys) -> Desk:
    """The tables, empty."""
    await migrate(database, (SCHEMA, BUS, PEOPLE))
    for table in ("scheduler.timetable", "scheduler.fires", "scheduler.timers", "bus.outbox"):
        await database.execute(f"delete from {table}")
    return Desk(database, server_keys, Codec(types=message_types(), sealer=server_keys.transport), [])


@pytest.fixture
def new_clock() -> Callable[..., ManualClock]:
    """Makes clocks that stand at the first of March 2026, noon, or so many seconds beside."""

    def make(seconds_ahead: float = 0.0) -> ManualClock:
        return ManualClock(datetime.fromtimestamp(START.timestamp() + seconds_ahead, UTC))

    return make
