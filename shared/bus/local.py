"""The bus inside one process, on asyncio: the same rules as with a broker, without one.

Every message makes the round trip through JSON and sealing, has the same size limit, and is acknowledged, retried and
buried as DESIGN §4 says. Nothing polls: a message starts its handler in the same turn of the event loop. What is in
hand when the process dies is published again from the outbox, because a row counts as published only once its handler
has acknowledged (`hand_over`).
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from shared.bus.cloudevents import Codec
from shared.bus.delivery import CANCEL_SECONDS, Dead, Deliverer, Done, TryAgain, Verdict, delay_after
from shared.bus.measures import BusMeasures
from shared.bus.mischief import Mischief as Mischief
from shared.bus.port import (
    RETRY_DELAYS_SECONDS,
    BusUnavailable,
    Consumer,
    DeadLetter,
    DeadLetterBox,
    Envelope,
    Packed,
    QueueFigures,
    R,
    RequestTimedOut,
)
from shared.bus.requests import reply_in
from shared.bus.topics import topic_matches
from shared.contracts.base import Command, Event
from shared.contracts.envelope import Envelopes
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import uniform
from shared.kernel.telemetry import Metrics

log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class _Delivery:
    """One message in one queue."""

    packed: Packed
    queue: str
    body: bytes
    receipt: asyncio.Future[None]
    reply: asyncio.Future[bytes] | None = None
    attempt: int = 1


@dataclass(eq=False, slots=True)
class _Worker:
    """One registered consumer and how many of its handlers run."""

    consumer: Consumer
    running: int = 0

    @property
    def is_free(self) -> bool:
        return self.running < self.consumer.prefetch


@dataclass(eq=False, slots=True)
class _Queue:
    name: str
    backlog: deque[_Delivery] = field(default_factory=deque)
    workers: list[_Worker] = field(default_factory=list)

    @property
    def priority(self) -> int:
        return max((worker.consumer.priority for worker in self.workers), default=0)

    def free_worker(self) -> _Worker | None:
        """The least busy worker that may take one more; with a single active consumer only the first works."""
        workers = self.workers[:1] if self.workers and self.workers[0].consumer.is_single_active else self.workers
        return min((worker for worker in workers if worker.is_free), key=lambda worker: worker.running, default=None)


class LocalBus:
    """A `Bus` for services that share one event loop; a Component.

    `dead_letters` keeps what cannot be handled; `drain_seconds` is how long `stop` waits for handlers in hand.
    """

    def __init__(
        self,
        *,
        codec: Codec,
        clock: Clock,
        dead_letters: DeadLetterBox,
        source: str = "local",
        mischief: Mischief | None = None,
        drain_seconds: float = 30.0,
        retry_delays: Sequence[float] = RETRY_DELAYS_SECONDS,
        metrics: Metrics | None = None,
    ) -> None:
        self._codec = codec
        self._clock = clock
        self._dead_letters = dead_letters
        self._envelopes = Envelopes(source, clock)
        self._deliverer = Deliverer(codec, clock, source, BusMeasures(metrics or Metrics()))
        self._mischief = mischief or Mischief()
        self._drain_seconds = drain_seconds
        self._retry_delays = tuple(retry_delays)
        self._queues: dict[str, _Queue] = {}
        self._open: set[_Delivery] = set()
        self._handling: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()
        self._live_numbers = itertools.count(1)
        self._is_running = False
        self._is_stopping = False

    def consume(self, consumer: Consumer) -> None:
        """Register before `start`, or later: what waits in the queue is then handled."""
        name = f"{consumer.queue}.{next(self._live_numbers)}" if consumer.is_live else consumer.queue
        self._queue(name).workers.append(_Worker(consumer))
        self._pump()

    async def start(self) -> None:
        """Begin to handle what is in the queues."""
        self._is_running, self._is_stopping = True, False
        self._pump()

    async def stop(self) -> None:
        """Let handlers in hand finish, then give back what was not handled: its senders see BusUnavailable."""
        if not self._is_running:
            return
        self._is_stopping = True
        for task in self._waiting:
            task.cancel()
        if self._handling:
            _, late = await asyncio.wait(self._handling, timeout=self._drain_seconds)
            for task in late:
                task.cancel()
            if late:
                log.warning("bus.handlers_cancelled", count=len(late), waited_seconds=self._drain_seconds)
                await asyncio.wait(late, timeout=CANCEL_SECONDS)
        self._is_running = False
        for delivery in list(self._open):
            self._give_back(delivery, BusUnavailable("It was stopped before the message was handled."))
        for queue in self._queues.values():
            queue.backlog.clear()

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Hand over and wait until the handlers have acknowledged; see the port."""
        receipts = [await self.hand_over(self._codec.pack(envelope)) for envelope in envelopes]
        for receipt in receipts:
            await receipt

    async def hand_over(self, packed: Packed) -> Awaitable[None]:
        """Put one message into its queues; the result is done once every one of them has acknowledged."""
        self._must_accept()
        receipts = await self._distribute(packed)
        return receipts[0] if len(receipts) == 1 else asyncio.ensure_future(_every(receipts))

    async def request(self, command: Command, reply: type[R], *, timeout_seconds: float) -> R:
        """Send a command and wait for its reply; see the port."""
        self._must_accept()
        packed = self._codec.pack(self._envelopes.wrap(command, lifetime_seconds=timeout_seconds))
        body = await self._codec.fit(packed.body)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._enqueue(packed, self._queue(command.queue), body, answer)
        try:
            async with asyncio.timeout(timeout_seconds):
                answered = await answer
        except TimeoutError:
            raise RequestTimedOut(command.type_name, timeout_seconds) from None
        return await reply_in(answered, reply, self._codec)

    async def announce(self, event: Event) -> None:
        """Hand a live event to whoever listens, without waiting for them."""
        if self._is_running and not self._is_stopping:
            await self._distribute(self._codec.pack(self._envelopes.wrap(event)))

    async def answer(self, reply_to: str, correlation_id: str, event: Event) -> None:
        """Nobody outside can wait at a bus inside this process."""

    async def queues(self, names: Sequence[str]) -> Mapping[str, QueueFigures]:
        """As they stand here; see the port."""
        known = [self._queues[name] for name in names if name in self._queues]
        return {queue.name: QueueFigures(len(queue.workers), len(queue.backlog)) for queue in known}

    async def problem(self) -> str | None:
        """Readiness: None when it is started."""
        return None if self._is_running and not self._is_stopping else "The local bus is not started."

    def _must_accept(self) -> None:
        if self._is_stopping:
            raise BusUnavailable("It is being stopped.")

    def _queue(self, name: str) -> _Queue:
        if name not in self._queues:
            self._queues[name] = _Queue(name)
        return self._queues[name]

    def _subscribed(self, topic: str) -> list[_Queue]:
        return [
            queue
            for queue in self._queues.values()
            if any(topic_matches(pattern, topic) for worker in queue.workers for pattern in worker.consumer.topics)
        ]

    async def _distribute(self, packed: Packed) -> list[asyncio.Future[None]]:
        """Put a message into its queues; a receipt for each."""
        body = await self._codec.fit(packed.body)
        queues = self._subscribed(packed.destination) if packed.is_event else [self._queue(packed.destination)]
        return [self._enqueue(packed, queue, body) for queue in queues]

    def _enqueue(
        self, packed: Packed, queue: _Queue, body: bytes, reply: asyncio.Future[bytes] | None = None
    ) -> asyncio.Future[None]:
        receipt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        delivery = _Delivery(packed, queue.name, body, receipt, reply)
        self._open.add(delivery)
        queue.backlog.append(delivery)
        self._pump()
        return receipt

    def _pump(self) -> None:
        """Start every handler there is a message and a free place for, queues of higher priority first."""
        if not self._is_running or self._is_stopping:
            return
        for queue in sorted(self._queues.values(), key=lambda queue: -queue.priority):
            while queue.backlog and (worker := queue.free_worker()) is not None:
                self._begin(worker, self._take(queue))

    def _take(self, queue: _Queue) -> _Delivery:
        if self._mischief.shuffle:
            queue.backlog.rotate(-int(uniform(0, len(queue.backlog))))
        return queue.backlog.popleft()

    def _begin(self, worker: _Worker, delivery: _Delivery) -> None:
        worker.running += 1
        task = asyncio.get_running_loop().create_task(self._handle(worker, delivery))
        self._handling.add(task)
        task.add_done_callback(self._handling.discard)

    async def _handle(self, worker: _Worker, delivery: _Delivery) -> None:
        try:
            verdict = await self._mischief.deliver(
                self._deliverer,
                worker.consumer,
                delivery.body,
                attempt=delivery.attempt,
                wants_reply=delivery.reply is not None,
            )
            await self._settle(delivery, verdict, is_live=worker.consumer.is_live)
        except asyncio.CancelledError:
            if self._is_stopping:
                raise
            self._queue(delivery.queue).backlog.appendleft(delivery)  # its handler died: it is delivered again
        except Exception as error:  # whatever kept it from being put away, its sender must learn it
            reason = str(error) if isinstance(error, ColloquyError) else type(error).__name__
            self._give_back(delivery, BusUnavailable(f"It could not be put away: {reason}"))
        finally:
            worker.running -= 1
            self._pump()

    async def _settle(self, delivery: _Delivery, verdict: Verdict, *, is_live: bool) -> None:
        match verdict:
            case Done(reply):
                self._acknowledge(delivery, reply)
            case _ if is_live:
                self._acknowledge(delivery)  # a live event may be lost; its failure is in the log
            case TryAgain(reason):
                delay = delay_after(delivery.attempt, self._retry_delays)
                if delay is None:
                    await self._bury(delivery, reason)
                else:
                    self._deliver_later(delivery, delay)
            case Dead(reason):
                await self._bury(delivery, reason)

    def _acknowledge(self, delivery: _Delivery, reply: bytes | None = None) -> None:
        self._open.discard(delivery)
        if not delivery.receipt.done():
            delivery.receipt.set_result(None)
        if reply is not None and delivery.reply is not None and not delivery.reply.done():
            delivery.reply.set_result(reply)

    def _give_back(self, delivery: _Delivery, error: BusUnavailable) -> None:
        self._open.discard(delivery)
        for future in (delivery.receipt, delivery.reply):
            if future is not None and not future.done():
                future.set_exception(error)
                future.exception()  # seen: it need not be reported when nobody waits any more

    async def _bury(self, delivery: _Delivery, reason: str) -> None:
        packed = delivery.packed
        log.warning("bus.dead_letter", queue=delivery.queue, type=packed.type, message=packed.id, reason=reason)
        await self._dead_letters.keep(
            DeadLetter(
                queue=delivery.queue,
                type=packed.type,
                reason=reason,
                attempts=delivery.attempt,
                body=packed.body,
                message_id=packed.id,
                subject=packed.subject,
                died_at=self._clock.now(),
            )
        )
        self._acknowledge(delivery)

    def _deliver_later(self, delivery: _Delivery, delay: float) -> None:
        async def wait() -> None:
            await self._clock.sleep(delay)
            delivery.attempt += 1
            self._queue(delivery.queue).backlog.append(delivery)
            self._pump()

        task = asyncio.get_running_loop().create_task(wait())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)


async def _every(receipts: Sequence[asyncio.Future[None]]) -> None:
    """Done when all are; at once for an event that nobody listens to."""
    for receipt in receipts:
        await receipt
