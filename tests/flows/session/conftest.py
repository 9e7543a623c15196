"""Session and worker on one local bus, with the real engine in real interview processes."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import services.mail.app as mail
import services.scheduler.app as scheduler
import services.session.app as session
import services.worker.app as worker
from services.mail.settings import MailSettings
from services.scheduler.settings import SchedulerSettings
from services.session.checkpoint import Checkpoint, Unwatched
from services.session.settings import SessionSettings
from services.worker.settings import WorkerSettings
from shared.bus.messaging import Messaging, in_process
from shared.bus.port import Bus
from shared.contracts.base import Command
from shared.contracts.envelope import Envelopes
from shared.crypto.keys import ServerKeys
from shared.evaluation.pool import PoolSettings, ProcessPool
from shared.kernel.clock import Clock, SystemClock
from shared.kernel.interview_path import InterviewPath
from shared.kernel.service import Service
from shared.storage.database import Database
from shared.storage.migrations import migrate
from shared.storage.redis import Redis
from tests.fault.noted_twice import NotedTwice
from tests.fault.schemas import ALL_SCHEMAS
from tests.servers import content_store

QUESTIONS = Path(__file__).with_name("interviews")


@dataclass(frozen=True)
class House:
    """The running services, as a gateway sees them."""

    bus: Bus
    database: Database
    messaging: Messaging

    async def send(self, message: Command) -> None:
        """As a command of an operator does it: by a row of the outbox."""
        envelope = Envelopes("tests", SystemClock()).wrap(message)
        async with self.database.transaction() as connection:
            await self.messaging.outbox.add(connection, [envelope])
        self.messaging.relay.wake()


MakeHouse = Callable[[int], contextlib.AbstractAsyncContextManager[House]]


@contextlib.asynccontextmanager
async def running_house(
    postgres_url: str,
    redis_url: str,
    server_keys: ServerKeys,
    pool_size: int,
    *,
    checkpoint: Checkpoint | None = None,
    clock: Clock | None = None,
    twice: NotedTwice | None = None,
    **given: Any,
) -> AsyncIterator[House]:
    """Both services, each with a pool of so many interview processes. `given` are settings, for session and worker.

    With `twice` the bus delivers every message a second time after the first.
    """
    clock = clock or SystemClock()
    database, redis = Database(url=postgres_url, maximum=12), Redis(url=redis_url)
    await database.start()
    await migrate(database, ALL_SCHEMAS)
    messaging = in_process(database=database, sealer=server_keys.transport, clock=clock, source="tests")
    if twice is not None:
        messaging.bus._mischief = twice  # type: ignore[attr-defined]
    pools = [ProcessPool(settings=PoolSettings(size=pool_size), folders=[QUESTIONS]) for _ in range(2)]
    built = [
        session.build(
            SessionSettings(**given),
            session.Parts(
                database=database,
                redis=redis,
                bus=messaging.bus,
                codec=messaging.codec,
                relay=messaging.relay,
                server_keys=server_keys,
                evaluator=pools[0],
                interviews=InterviewPath.of([QUESTIONS]),
                contents=content_store(),
                clock=clock,
                checkpoint=checkpoint or Unwatched(),
            ),
        ),
        worker.build(
            WorkerSettings(**given),
            worker.Parts(
                bus=messaging.bus,
                database=database,
                keys=server_keys,
                evaluator=pools[1],
                outbox=messaging.outbox,
                relay=messaging.relay,
                contents=content_store(),
                clock=clock,
            ),
        ),
    ]
    built.append(
        scheduler.build(
            SchedulerSettings(),
            scheduler.Parts(
                bus=messaging.bus,
                database=database,
                server_keys=server_keys,
                outbox=messaging.outbox,
                relay=messaging.relay,
                clock=clock,
            ),
        )
    )
    built.append(
        mail.build(
            MailSettings(**{"smtp_port": 0, **given}),
            mail.Parts(
                bus=messaging.bus,
                database=database,
                server_keys=server_keys,
                outbox=messaging.outbox,
                relay=messaging.relay,
                contents=content_store(),
            ),
        )
    )
    foundation = Service(name="foundation", components=(*pools, database, redis))
    messages = Service(name="messages", components=tuple(messaging.components))
    running = [foundation, *built, messages]
    async with contextlib.AsyncExitStack() as stack:
        for service in running:
            stack.push_async_callback(service.stop)
            await service.start()
        yield House(messaging.bus, database, messaging)


@pytest.fixture
def make_house(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> MakeHouse:
    def make(pool_size: int) -> contextlib.AbstractAsyncContextManager[House]:
        return running_house(postgres_url, redis_url, server_keys, pool_size)

    return make


@pytest.fixture(params=[1, 2], ids=["pool of one", "pool of two"])
async def house(request: pytest.FixtureRequest, make_house: MakeHouse) -> AsyncIterator[House]:
    async with make_house(request.param) as running:
        yield running
