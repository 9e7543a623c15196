"""A worker as `build` makes it, on a real database, the bus inside this process and real interview processes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.worker.app import Parts, build
from services.worker.checkpoint import Checkpoint, Moment, Unwatched
from services.worker.settings import WorkerSettings
from shared.bus.dispatch import HandlerTable, consumers
from shared.bus.messaging import Messaging, in_process
from shared.contracts.base import Command
from shared.contracts.envelope import Envelopes
from shared.contracts.events import TaskProgressed, TaskRevoked
from shared.contracts.session import BackgroundEnded, BackgroundsEnded
from shared.contracts.worker import RunTask, RunTaskLow
from shared.crypto.answers import seal_step
from shared.crypto.keys import ServerKeys
from shared.evaluation.pool import PoolSettings, ProcessPool
from shared.evaluation.port import Evaluator
from shared.kernel.clock import SystemClock
from shared.kernel.service import Service
from shared.storage.database import Database
from shared.tasks.records import EndedTask
from shared.tasks.sealing import GrantedKeys
from shared.tasks.store import Tasks
from tests.servers import content_store
from tests.unit.tasks.sessions import SavedSession, make_tables, new_task, save_session

ENGINE = "tests.unit.evaluation.scripted_engine:ScriptedEngine"
WAIT_SECONDS = 30.0


@dataclass
class House:
    """A worker, the session it works for, and a session service that only notes what it is told."""

    database: Database
    tasks: Tasks
    session: SavedSession
    messaging: Messaging
    envelopes: Envelopes
    ended: asyncio.Queue[BackgroundEnded] = field(default_factory=asyncio.Queue)
    progressed: asyncio.Queue[TaskProgressed] = field(default_factory=asyncio.Queue)

    async def launch(
        self,
        action: str,
        *,
        is_low_priority: bool = False,
        session: SavedSession | None = None,
        is_rung: bool = True,
        facts: Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> str:
        """What a turn does: the row and the doorbell, in one transaction."""
        changes = {"is_low_priority": is_low_priority, **(facts or {})}
        task = new_task(action=action, arguments=json.dumps(arguments).encode(), **changes)
        async with self.database.transaction() as connection:
            await self.tasks.insert(connection, [task], keys=(session or self.session).keys)
            if is_rung:
                await self.messaging.outbox.add(
                    connection, [self.envelopes.wrap(self.doorbell(task.task_id, is_low_priority))]
                )
        self.messaging.relay.wake()
        return task.task_id

    def doorbell(self, task_id: str, is_low: bool = False) -> Command:
        kind = RunTaskLow if is_low else RunTask
        return kind(task_id=task_id, session_id=self.session.keys.session_id)

    async def ring(self, task_id: str) -> None:
        """The doorbell alone, once more."""
        await self.messaging.bus.publish([self.envelopes.wrap(self.doorbell(task_id), subject="")])

    async def revoke(self, task_id: str) -> None:
        """What a turn does that revokes a task."""
        session_id = self.session.keys.session_id
        now = SystemClock().now()
        assert await self.tasks.revoke(self.database, task_id, session_id=session_id, terminate=True, now=now)
        await self.messaging.bus.publish([self.envelopes.wrap(TaskRevoked(task_id=task_id, session_id=session_id))])

    async def save(self, answers: bytes) -> None:
        """What a turn does that changes the answers in place."""
        keys = self.session.keys
        data = seal_step(
            answers,
            data_key=keys.by_generation[keys.generation],
            session_id=keys.session_id,
            step=2,
            version=2,
            generation=keys.generation,
            dictionary=None,
        )
        await self.database.execute(
            "update session.steps set base_step = null, data = $2 where session_id = $1 and step = 2",
            keys.session_id,
            data,
        )

    async def next_end(self) -> EndedTask:
        """The next task that is reported as ended."""
        async with asyncio.timeout(WAIT_SECONDS):
            message = await self.ended.get()
        ended = await self.tasks.ended(self.database, message.task_id)
        assert ended is not None
        assert ended.fencing == message.fencing
        return ended

    async def until(self, task_id: str, state: str) -> None:
        """Wait until a task's row is in this state."""
        async with asyncio.timeout(WAIT_SECONDS):
            while await self.state(task_id) != state:
                await asyncio.sleep(0.01)

    async def until_begun(self, task_id: str) -> None:
        """Wait until a task's code runs."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not await self.database.fetchval("select begun_at from tasks.tasks where id = $1", task_id):
                await asyncio.sleep(0.01)

    async def state(self, task_id: str) -> str:
        return str(await self.database.fetchval("select state from tasks.tasks where id = $1", task_id))


StartWorker = Callable[..., Awaitable[Service]]


@pytest.fixture
async def house(database: Database, server_keys: ServerKeys) -> House:
    """Everything around the worker; its bus is started by `start_worker`."""
    await make_tables(database)
    session = await save_session(database, server_keys)
    clock = SystemClock()
    messaging = in_process(database=database, sealer=server_keys.transport, clock=clock, source="test")
    house = House(database, Tasks(server_keys=server_keys), session, messaging, Envelopes("test", clock))

    async def on_background_ended(message: BackgroundEnded) -> None:
        house.ended.put_nowait(message)

    async def on_backgrounds_ended(message: BackgroundsEnded) -> None:
        for each in message.tasks:
            house.ended.put_nowait(BackgroundEnded(**each.model_dump()))

    async def on_task_progressed(message: TaskProgressed) -> None:
        house.progressed.put_nowait(message)

    handlers: HandlerTable = {
        BackgroundEnded: on_background_ended,
        BackgroundsEnded: on_backgrounds_ended,
        TaskProgressed: on_task_progressed,
    }
    for consumer in consumers(handlers, parts={}, event_queue="test.live"):
        messaging.bus.consume(consumer)
    return house


@pytest.fixture
async def start_worker(house: House, server_keys: ServerKeys) -> AsyncIterator[StartWorker]:
    """Builds and starts workers; the settings are given by name."""
    started: list[Service] = []

    async def start(
        *, checkpoint: Checkpoint | None = None, evaluator: Evaluator | None = None, **given: Any
    ) -> Service:
        settings = WorkerSettings.load(**given)
        pool = ProcessPool(settings=PoolSettings(size=settings.worker_processes), folders=[], engine=ENGINE)
        parts = Parts(
            bus=house.messaging.bus,
            database=house.database,
            keys=server_keys,
            evaluator=evaluator or pool,
            outbox=house.messaging.outbox,
            relay=house.messaging.relay,
            contents=content_store(),
            checkpoint=checkpoint or Unwatched(),
            own=() if evaluator else (pool,),
            own_messaging=tuple(house.messaging.components),
        )
        worker = build(settings, parts)
        started.append(worker)
        await worker.start()
        return worker

    yield start
    for worker in started:
        await worker.stop()


@pytest.fixture
async def worker(start_worker: StartWorker) -> Service:
    """A started worker with the usual settings."""
    return await start_worker(worker_processes=1, overdue_seconds=0.05)


class Moved:
    """Gives a session a new key, under which its newest step is sealed, while its task has been claimed."""

    def __init__(self, house: House, keys: GrantedKeys, answers: bytes) -> None:
        self._house, self._keys, self._answers = house, keys, answers

    async def reached(self, moment: Moment, task_id: str) -> None:
        if moment != "claimed":
            return
        keys = self._keys
        step = seal_step(
            self._answers,
            data_key=keys.by_generation[2],
            session_id=keys.session_id,
            step=2,
            version=2,
            generation=2,
            dictionary=None,
        )
        async with self._house.database.transaction() as connection:
            await self._house.tasks.extend_grants(connection, keys=keys)
            await connection.execute(
                "update session.steps set generation = 2, base_step = null, data = $2 "
                "where session_id = $1 and step = 2",
                keys.session_id,
                step,
            )
