"""Several session processes on RabbitMQ, PostgreSQL and Redis, with somebody who kills and restarts them."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.bus.blobs_postgres import PostgresBlobs
from shared.bus.cloudevents import Codec
from shared.bus.outbox import Outbox, OutboxRelay
from shared.bus.rabbit import RabbitBus
from shared.bus.topology import Topology
from shared.contracts.catalog import message_types
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_code
from shared.storage.database import Database
from shared.storage.migrations import migrate
from tests.fault.frozen_line import FrozenLine, frozen_line
from tests.fault.schemas import ALL_SCHEMAS
from tests.fault.session_process import KEY, ProcessPlan
from tests.fault.stand_in_worker import StandInWorker

ROOT = Path(__file__).resolve().parents[2]
_START_LIMIT_SECONDS = 40


class SessionProcess:
    """One process of the session service."""

    def __init__(self, plan: ProcessPlan) -> None:
        self.plan = plan
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, **changes: Any) -> None:
        """Start and wait until it serves."""
        plan = self.plan.model_copy(update=changes)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.fault.session_process",
            plan.model_dump_json(),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(_START_LIMIT_SECONDS):
            said = await self._process.stdout.readline()
        assert said == b"ready\n", f"the session process did not start: {said!r}"

    async def kill(self) -> None:
        """End it as `kill -9` does."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def died(self) -> None:
        """Wait until it has ended by itself."""
        assert self._process is not None
        await self._process.wait()

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.returncode is None


@dataclass(kw_only=True)
class Cluster:
    """The processes, and what a test needs to talk to them."""

    plan: ProcessPlan
    bus: RabbitBus
    database: Database
    redis_line: FrozenLine
    processes: list[SessionProcess] = field(default_factory=list)
    kills: int = 0
    freezes: int = 0

    async def add(self, **changes: Any) -> SessionProcess:
        """One more session process."""
        process = SessionProcess(self.plan)
        self.processes.append(process)
        await process.start(**changes)
        return process


@contextlib.asynccontextmanager
async def running_cluster(*, postgres_url: str, redis_url: str, amqp_url: str, **given: Any) -> AsyncIterator[Cluster]:
    """No process yet; a stand-in worker serves the tasks. `given` are fields of ProcessPlan."""
    clock = SystemClock()
    keys = ServerKeys([("test-1", KEY)])
    prefix = f"t{new_code(8).lower()}."
    database = Database(url=postgres_url, maximum=6)
    codec = Codec(types=message_types(), sealer=keys.transport, blobs=PostgresBlobs(database=database, clock=clock))
    bus = RabbitBus(url=amqp_url, codec=codec, clock=clock, source="tests", topology=Topology(prefix=prefix))
    relay = OutboxRelay(database=database, bus=bus, poll_seconds=0.3)
    worker = StandInWorker(
        database=database,
        server_keys=keys,
        outbox=Outbox(codec=codec),
        relay=relay,
        answer="append_back" if given.get("engine") == "interviews" else "",
    )
    for consumer in worker.consumers():
        bus.consume(consumer)
    await database.start()
    await migrate(database, ALL_SCHEMAS)
    async with frozen_line(redis_url) as line:
        plan = ProcessPlan(database_url=postgres_url, redis_url=line.url, amqp_url=amqp_url, prefix=prefix, **given)
        await relay.start()
        await bus.start()
        cluster = Cluster(plan=plan, bus=bus, database=database, redis_line=line)
        try:
            yield cluster
        finally:
            for process in cluster.processes:
                await process.kill()
            await bus.stop()
            await relay.stop()
            await database.stop()
