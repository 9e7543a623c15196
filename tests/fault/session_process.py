"""A session service in a process of its own, on RabbitMQ, that a test may kill: `python -m
tests.fault.session_process`.

It is the real service; only two of its parts are replaced: the engine by the tiny one, where the plan says so, and the
checkpoint by one that ends the process at a chosen moment. What it is to be stands in its first argument, as JSON.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.session.app import Parts, build
from services.session.checkpoint import Checkpoint, Moment, Unwatched
from services.session.settings import SessionSettings
from shared.bus.blobs_postgres import PostgresBlobs
from shared.bus.cloudevents import Codec
from shared.bus.mischief import Mischief
from shared.bus.outbox import OutboxRelay
from shared.bus.rabbit import RabbitBus
from shared.bus.topology import Topology
from shared.contracts.catalog import message_types
from shared.crypto.keys import ServerKeys
from shared.evaluation.pool import PoolSettings, ProcessPool
from shared.kernel.clock import SystemClock
from shared.kernel.ids import SessionId
from shared.kernel.interview_path import InterviewPath
from shared.kernel.logging import configure_logging
from shared.kernel.service import run_until_signalled
from shared.storage.database import Database
from shared.storage.redis import Redis
from tests.fault.append_engine import AppendEvaluator
from tests.servers import content_store

KEY = bytes(range(32))
INTERVIEWS = Path(__file__).parent / "interviews"


class ProcessPlan(BaseModel):
    """What one process is to be."""

    model_config = ConfigDict(frozen=True)

    database_url: str
    redis_url: str
    amqp_url: str
    prefix: str
    engine: Literal["here", "pool", "interviews"] = "here"
    """The tiny engine in this process, or in interview processes; or the engine of interviews in such."""
    size: int = 4
    lock_wait_seconds: float = 4.0
    lock_lease_seconds: float = 2.0
    deliver_twice: bool = False
    dies_at: Moment | None = None
    dies_on: int = 1
    """Which time that moment is reached."""


class DiesAt:
    """A checkpoint that ends its own process, as `kill -9` does."""

    def __init__(self, moment: Moment, number: int) -> None:
        self._moment, self._left = moment, number

    async def reached(self, moment: Moment, session_id: SessionId) -> None:
        if moment == self._moment:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


async def serve(plan: ProcessPlan) -> None:
    """Run the service until SIGTERM; says `ready` on standard output."""
    clock = SystemClock()
    keys = ServerKeys([("test-1", KEY)])
    database, redis = Database(url=plan.database_url, maximum=8), Redis(url=plan.redis_url)
    codec = Codec(types=message_types(), sealer=keys.transport, blobs=PostgresBlobs(database=database, clock=clock))
    bus = RabbitBus(
        url=plan.amqp_url,
        codec=codec,
        clock=clock,
        source="session",
        topology=Topology(prefix=plan.prefix),
        mischief=Mischief(deliver_twice=plan.deliver_twice),
        retry_delays=(0.2, 0.5, 1.0, 2.0),
    )
    relay = OutboxRelay(database=database, bus=bus, poll_seconds=0.3)
    evaluator: AppendEvaluator | ProcessPool = AppendEvaluator(size=plan.size)
    own: list[Database | Redis | ProcessPool] = [database, redis]
    if plan.engine == "pool":
        evaluator = ProcessPool(
            settings=PoolSettings(size=plan.size, user_id=None, has_sandbox=False),
            folders=[],
            engine="tests.fault.append_engine:AppendEngine",
        )
        own.insert(0, evaluator)
    elif plan.engine == "interviews":
        evaluator = ProcessPool(settings=PoolSettings(size=plan.size), folders=[INTERVIEWS])
        own.insert(0, evaluator)
    checkpoint: Checkpoint = Unwatched() if plan.dies_at is None else DiesAt(plan.dies_at, plan.dies_on)
    parts = Parts(
        database=database,
        redis=redis,
        bus=bus,
        codec=codec,
        relay=relay,
        server_keys=keys,
        evaluator=evaluator,
        interviews=InterviewPath.of([INTERVIEWS]),
        contents=content_store(),
        clock=clock,
        checkpoint=checkpoint,
        own=tuple(own),
        own_messaging=(relay, bus),
    )
    settings = SessionSettings(lock_wait_seconds=plan.lock_wait_seconds, lock_lease_seconds=plan.lock_lease_seconds)

    async def ready() -> None:
        print("ready", flush=True)

    await run_until_signalled([build(settings, parts)], ready=ready)


if __name__ == "__main__":
    configure_logging(level="info")
    asyncio.run(serve(ProcessPlan.model_validate_json(sys.argv[1])))
