"""The two worlds the contract suite runs in: services that share a LocalBus, and services around a broker."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from shared.bus.cloudevents import Codec
from shared.bus.dead_letters import MemoryDeadLetters
from shared.bus.local import LocalBus, Mischief
from shared.bus.port import Bus, Consumer, DeadLetter, Handler
from shared.bus.rabbit import RabbitBus
from shared.bus.topology import Topology
from shared.contracts.base import Message, Reply
from shared.contracts.envelope import Envelope, Envelopes
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_code
from tests.contract.bus.broker import BrokerHands
from tests.contract.bus.messages import TYPES, MemoryBlobs, ScramblingSealer

QUICK_RETRIES = (0.02, 0.03, 0.04)
PATIENCE_SECONDS = 20.0

CLOCK = SystemClock()
WRITER = Envelopes("tests", CLOCK)


class World(Protocol):
    """Somewhere buses meet."""

    blobs: MemoryBlobs
    codec: Codec

    async def join(self, *consumers: Consumer, mischief: Mischief | None = None) -> Bus:
        """A started bus that works through these queues."""
        ...

    async def leave(self, bus: Bus) -> None:
        """Stop a bus as a service does when it is told to end."""
        ...

    async def dead(self, count: int = 1) -> list[DeadLetter]:
        """Wait for so many dead letters."""
        ...


class LocalWorld:
    """All services on one LocalBus."""

    def __init__(self) -> None:
        self.blobs = MemoryBlobs()
        self.codec = Codec(types=TYPES, sealer=ScramblingSealer(), blobs=self.blobs)
        self._box = MemoryDeadLetters()
        self._bus: LocalBus | None = None

    async def join(self, *consumers: Consumer, mischief: Mischief | None = None) -> Bus:
        if self._bus is None:
            self._bus = LocalBus(
                codec=self.codec,
                clock=CLOCK,
                dead_letters=self._box,
                mischief=mischief,
                retry_delays=QUICK_RETRIES,
                drain_seconds=1.0,
            )
            await self._bus.start()
        for consumer in consumers:
            self._bus.consume(consumer)
        return self._bus

    async def leave(self, bus: Bus) -> None:
        await bus.stop()
        self._bus = None

    async def dead(self, count: int = 1) -> list[DeadLetter]:
        await until(lambda: len(self._box.letters) >= count)
        return self._box.letters

    async def end(self) -> None:
        if self._bus is not None:
            await self._bus.stop()


class RabbitWorld:
    """Every bus has its own connections to one broker, and a prefix sets this test apart."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.blobs = MemoryBlobs()
        self.topology = Topology(prefix=f"test-{new_code(8)}.", classic={"test.greetings", "test.sweeps"})
        self._box = MemoryDeadLetters()
        self._buses: list[RabbitBus] = []
        self.codec = Codec(types=TYPES, sealer=ScramblingSealer(), blobs=self.blobs)

    def bus(self, *consumers: Consumer, mischief: Mischief | None = None, **settings: Any) -> RabbitBus:
        """A bus that is not started yet."""
        bus = RabbitBus(
            url=settings.pop("url", self.url),
            codec=self.codec,
            clock=CLOCK,
            source="tests",
            topology=self.topology,
            dead_letters=settings.pop("dead_letters", self._box),
            mischief=mischief,
            retry_delays=QUICK_RETRIES,
            drain_seconds=1.0,
            **settings,
        )
        for consumer in consumers:
            bus.consume(consumer)
        self._buses.append(bus)
        return bus

    async def join(self, *consumers: Consumer, mischief: Mischief | None = None) -> Bus:
        bus = self.bus(*consumers, mischief=mischief)
        await bus.start()
        return bus

    async def leave(self, bus: Bus) -> None:
        await bus.stop()

    async def dead(self, count: int = 1) -> list[DeadLetter]:
        await until(lambda: len(self._box.letters) >= count)
        return self._box.letters

    async def end(self) -> None:
        for bus in self._buses:
            await bus.stop()
        async with BrokerHands(self.url) as hands:
            await hands.clear(self.topology)


class Recorder:
    """A handler that remembers what it was given; `on` decides how it ends."""

    def __init__(self, on: Callable[[Envelope], Awaitable[Reply | None]] | None = None) -> None:
        self.seen: list[Envelope] = []
        self._on = on

    async def __call__(self, envelope: Envelope) -> Reply | None:
        self.seen.append(envelope)
        return await self._on(envelope) if self._on else None

    @property
    def messages(self) -> list[Message]:
        return [envelope.message for envelope in self.seen]

    async def received(self, count: int) -> list[Message]:
        """Wait until so many messages have come."""
        await until(lambda: len(self.seen) >= count)
        return self.messages


async def until(condition: Callable[[], object]) -> None:
    """Wait for something to become true; the test fails when it does not within a generous time."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = condition()
            if await found if inspect.isawaitable(found) else found:
                return
            await asyncio.sleep(0.005)


def consumer(queue: str, handlers: dict[type[Message], Handler], prefetch: int = 16) -> Consumer:
    """A consumer of a classic queue, which a broker makes faster than a quorum queue."""
    return Consumer(queue=queue, handlers=handlers, prefetch=prefetch, is_quorum=False)


@contextlib.asynccontextmanager
async def publishing(bus: Bus, *messages: Message):  # type: ignore[no-untyped-def]
    """Publish while the block runs; with a LocalBus publishing lasts until the handler has acknowledged."""
    task = asyncio.create_task(bus.publish([WRITER.wrap(message) for message in messages]))
    try:
        yield task
    finally:
        if not task.done():
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
