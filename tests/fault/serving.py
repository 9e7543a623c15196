"""Session services on a real broker, and services that publish actions to them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import aio_pika
import orjson

from services.session.app import Parts, build
from services.session.publishers import Permit, Publishers
from services.session.settings import SessionSettings
from shared.bus.blobs_postgres import PostgresBlobs
from shared.bus.cloudevents import Codec
from shared.bus.dead_letters import DeadLetters
from shared.bus.outbox import OutboxRelay
from shared.bus.port import Consumer
from shared.bus.rabbit import RabbitBus
from shared.bus.topology import Topology
from shared.contracts.catalog import message_types
from shared.contracts.envelope import Envelope
from shared.contracts.events import ActionFinished
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_code, uniform
from shared.kernel.interview_path import InterviewPath
from shared.kernel.service import Service
from shared.storage.database import Database
from shared.storage.migrations import migrate
from shared.storage.redis import Redis
from tests.contract.bus.broker import BrokerHands
from tests.fault.append_engine import AppendEvaluator
from tests.fault.rig import INTERVIEW, Browser
from tests.fault.schemas import ALL_SCHEMAS
from tests.servers import content_store

ME = "guest"


@dataclass
class Serving:
    """Session services that work through one broker."""

    url: str
    topology: Topology
    services: list[Service]
    buses: list[RabbitBus]
    database: Database
    finished: list[ActionFinished]

    async def session(self) -> Browser:
        """A new session that the server can open."""
        browser = Browser(self.buses[0])
        await browser.open()
        await browser.submit(multi_user="on")
        return browser

    async def ended(self) -> int:
        """How many requests have come to their end."""
        return int(await self.database.fetchval("select count(*) from session.actions where ended_at is not null"))

    async def until_ended(self, count: int, *, patience_seconds: float = 120) -> None:
        """Wait for so many, however slow the machine is, but not when no further one comes to its end."""
        before = -1
        while before < count:
            async with asyncio.timeout(patience_seconds):
                while (now := await self.ended()) <= before:
                    await asyncio.sleep(0.05)
            before = now


@contextlib.asynccontextmanager
async def serving(
    database_url: str, redis_url: str, amqp_url: str, server_keys: ServerKeys, *, count: int = 2, **settings: Any
) -> AsyncIterator[Serving]:
    """So many session services, each with its own connection to the broker. `guest` may ask for `append`."""
    clock, topology = SystemClock(), Topology(prefix=f"test-{new_code(8)}.")
    database, redis = Database(url=database_url, maximum=20), Redis(url=redis_url)
    await database.start()
    await redis.start()
    await migrate(database, ALL_SCHEMAS)
    await Publishers(clock=clock).allow(database, Permit(ME, INTERVIEW, "append"))
    finished: list[ActionFinished] = []

    async def take(envelope: Envelope) -> None:
        assert isinstance(envelope.message, ActionFinished)
        finished.append(envelope.message)

    services, buses = [], []
    for _ in range(count):
        blobs = PostgresBlobs(database=database, clock=clock)
        codec = Codec(types=message_types(), sealer=server_keys.transport, blobs=blobs)
        letters = DeadLetters(database=database, clock=clock)
        bus = RabbitBus(
            url=amqp_url, codec=codec, clock=clock, source="session", topology=topology, dead_letters=letters
        )
        if not buses:
            bus.consume(Consumer("tests.finished", {ActionFinished: take}, topics=("action.finished",), is_live=True))
        relay = OutboxRelay(database=database, bus=bus)
        parts = Parts(
            database=database,
            redis=redis,
            bus=bus,
            codec=codec,
            relay=relay,
            server_keys=server_keys,
            evaluator=AppendEvaluator(),
            interviews=InterviewPath.of([]),
            contents=content_store(),
            clock=clock,
            own_messaging=(relay, bus),
        )
        services.append(build(SessionSettings(**settings), parts))
        buses.append(bus)
    try:
        for service in services:
            await service.start()
        yield Serving(amqp_url, topology, services, buses, database, finished)
    finally:
        for service in services:
            await service.stop()
        async with BrokerHands(amqp_url) as hands:
            await hands.clear(topology)
        await redis.stop()
        await database.stop()


def event(request_id: str, session: str, token: str, **more: Any) -> bytes:
    """A request as another service writes it: without any of our code."""
    data = {"interview": INTERVIEW, "session": session, "action": "append", "arguments": {"token": token, **more}}
    return orjson.dumps(
        {"specversion": "1.0", "id": request_id, "source": "/tests", "type": "colloquy.ActionRequested", "data": data}
    )


async def publish_all(url: str, exchange: str, bodies: Sequence[bytes]) -> None:
    """Publish in this order over a connection of one's own; each comes a second time some places later."""
    order = [*bodies]
    for body in bodies:
        first = order.index(body)
        order.insert(first + 1 + int(uniform(0, len(order) - first)), body)
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        to = await channel.get_exchange(exchange, ensure=False)
        for body in order:
            await to.publish(aio_pika.Message(body, user_id=ME), f"action.{ME}")
