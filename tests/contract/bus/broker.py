"""What an operator, an accident or another program does at the broker; for tests only."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Self

import aio_pika
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity

from shared.bus.port import RETRY_DELAYS_SECONDS
from shared.bus.topology import PARTITIONS, Topology

TEST_QUEUES = ("test.greetings", "test.sweeps", "test.journal", "test.deaf", "test.kept", "session.actions.intake")
_DELAYS = (*RETRY_DELAYS_SECONDS, 0.02, 0.03, 0.04)


class BrokerHands:
    """A connection of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: AbstractConnection

    async def __aenter__(self) -> Self:
        self._connection = await aio_pika.connect(self._url)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    async def delete_queue(self, name: str) -> None:
        async with self._connection.channel() as channel:
            await channel.queue_delete(name)

    async def delete_exchange(self, name: str) -> None:
        async with self._connection.channel() as channel:
            await channel.exchange_delete(name)

    async def declare_queue(self, name: str, arguments: Mapping[str, Any]) -> None:
        async with self._connection.channel() as channel:
            await channel.declare_queue(name, durable=True, arguments=dict(arguments))

    async def message_count(self, name: str) -> int | None:
        """How many messages wait in a queue; None when there is no such queue."""
        try:
            async with self._connection.channel() as channel:
                queue = await channel.declare_queue(name, passive=True)
                return queue.declaration_result.message_count
        except ChannelNotFoundEntity:
            return None

    async def publish(self, exchange: str, key: str, body: bytes, **properties: Any) -> None:
        async with self._connection.channel() as channel:
            to = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
            await to.publish(aio_pika.Message(body, **properties), key)

    async def ask(self, exchange: str, key: str, body: bytes, **properties: Any) -> bytes:
        """Publish, and wait for the answer at an address of direct reply-to."""
        async with self._connection.channel() as channel:
            answers: asyncio.Queue[bytes] = asyncio.Queue()
            replies = await channel.get_queue("amq.rabbitmq.reply-to", ensure=False)

            async def keep(message: AbstractIncomingMessage) -> None:
                await answers.put(message.body)

            await replies.consume(keep, no_ack=True)
            to = await channel.get_exchange(exchange, ensure=False)
            await to.publish(aio_pika.Message(body, reply_to="amq.rabbitmq.reply-to", **properties), key)
            async with asyncio.timeout(30):
                return await answers.get()

    async def clear(self, topology: Topology) -> None:
        """Remove everything with this prefix."""
        partitions = [f"session.actions.{number}" for number in range(PARTITIONS)]
        retries = [topology.retry(delay)[1].name for delay in _DELAYS]
        for name in [topology.queue_name(queue) for queue in (*TEST_QUEUES, *partitions)] + retries + [topology.dead]:
            with contextlib.suppress(ChannelNotFoundEntity):
                await self.delete_queue(name)
        for name in [plan.name for plan in topology.exchanges()] + retries:
            await self.delete_exchange(name)
