"""The bus over RabbitMQ 3.10 to 4.x: the adapter of five processes.

Publishing is confirmed by the broker; consuming acknowledges when the handler has ended well, sends to a retry queue
when it could not be done now, and to the dead letters when it never can be; requests are answered by direct reply-to.
When the connection ends, a new one is made and everything is declared and consumed anew; meanwhile publishing raises
BusUnavailable within `patience_seconds`, and requests that were waiting fail at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

import structlog

from shared.bus.amqp import REPLY_TO, Incoming, Link, Outgoing, Unroutable, place
from shared.bus.burial import Burial, without_contents
from shared.bus.cloudevents import Codec
from shared.bus.delivery import CANCEL_SECONDS, Dead, Deliverer, Done, TryAgain, delay_after
from shared.bus.intake import Intake
from shared.bus.measures import BusMeasures
from shared.bus.mischief import Mischief
from shared.bus.port import (
    RETRY_DELAYS_SECONDS,
    BusUnavailable,
    Consumer,
    DeadLetterBox,
    Envelope,
    NotUnderstood,
    Packed,
    QueueFigures,
    R,
    RequestTimedOut,
)
from shared.bus.requests import reply_in
from shared.bus.subscriptions import BrokerSubscription, declare_queue
from shared.bus.topology import ACTIONS_INTAKE, QueuePlan, Topology, is_partition
from shared.bus.watchdog import PAUSES_SECONDS, ConsumerWatchdog
from shared.contracts.base import Command, Event
from shared.contracts.envelope import Envelopes
from shared.kernel.clock import Clock
from shared.kernel.ending import end
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import new_id, uniform
from shared.kernel.telemetry import Metrics

log = structlog.get_logger()

ATTEMPT = "x-colloquy-attempt"

_ATTEMPTS_A_LINE = 15  # about twice a minute in the log
_GIVE_BACK_SECONDS = 0.5
_DEAF_SECONDS = 1.0
"""After which a task is told again to end: the client library swallows cancellations, and a stop has its limit."""
_PAUSES_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.0)


class RabbitBus:
    """A `Bus` over one broker; a Component.

    `url` names broker and virtual host. `dead_letters`, where given, takes over what waits in the broker's queue of the
    dead. `wait_seconds` is how long `start` waits for the broker, `patience_seconds` how long a sender waits for a
    connection, `confirm_seconds` for the broker's confirm, `drain_seconds` how long `stop` waits for handlers in hand.
    Every `check_seconds` our consumers are compared with the broker's; one that is lost is renewed, with
    `renewal_pauses` between the attempts. `give_up` ends the process when a queue cannot be consumed any more.
    """

    def __init__(
        self,
        *,
        url: str,
        codec: Codec,
        clock: Clock,
        source: str,
        topology: Topology | None = None,
        dead_letters: DeadLetterBox | None = None,
        mischief: Mischief | None = None,
        retry_delays: Sequence[float] = RETRY_DELAYS_SECONDS,
        wait_seconds: float = 60.0,
        patience_seconds: float = 5.0,
        confirm_seconds: float = 10.0,
        drain_seconds: float = 30.0,
        check_seconds: float = 30.0,
        renewal_pauses: Sequence[float] = PAUSES_SECONDS,
        give_up: Callable[[str], None] | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._url = url
        self._codec = codec
        self._clock = clock
        self._source = source
        self._topology = topology or Topology()
        self._envelopes = Envelopes(source, clock)
        self._measures = BusMeasures(metrics or Metrics())
        self._deliverer = Deliverer(codec, clock, source, self._measures)
        self._mischief = mischief or Mischief()
        self._retry_delays = tuple(retry_delays)
        self._wait_seconds = wait_seconds
        self._patience_seconds = patience_seconds
        self._confirm_seconds = confirm_seconds
        self._drain_seconds = drain_seconds
        self._check_seconds = check_seconds
        self._burial = Burial(self._topology, codec, clock, dead_letters)
        self._intake = Intake(self._topology, codec, self._envelopes)
        self._give_up = give_up or _end_process
        self._watchdog = ConsumerWatchdog(give_up=self._give_up, sleep=asyncio.sleep, pauses=renewal_pauses)
        self._consumers: list[Consumer] = []
        self._subscriptions: list[BrokerSubscription] = []
        self._consumed_before: set[str] = set()
        self._link: Link | None = None
        self._is_connected = asyncio.Event()
        self._is_stopping = False
        self._supervisor: asyncio.Task[None] | None = None
        self._handling: set[asyncio.Task[None]] = set()
        self._requests: dict[str, asyncio.Future[bytes]] = {}
        self._known_queues: set[str] = set()

    # Starting and ending

    def consume(self, consumer: Consumer) -> None:
        """Register before `start`."""
        self._consumers.append(consumer)

    async def start(self) -> None:
        """Connect, declare and consume; waits for the broker up to `wait_seconds`.

        Raises BusUnavailable when it did not come, BrokerRefusedUs when it does not want us.
        """
        if self._supervisor is not None:
            return
        self._is_stopping = False
        began = self._clock.monotonic()
        await self._connect_within(lambda: self._wait_seconds - (self._clock.monotonic() - began))
        self._supervisor = asyncio.create_task(self._supervise(), name="rabbit-bus")
        self._supervisor.add_done_callback(self._on_supervisor_done)

    async def stop(self) -> None:
        """Take no more messages, let handlers in hand finish, disconnect. What they did not finish comes again."""
        if self._supervisor is None:
            return
        self._is_stopping = True
        supervisor, self._supervisor = self._supervisor, None
        await end(supervisor, again_seconds=_DEAF_SECONDS)
        await self._watchdog.stop()
        await asyncio.gather(*(subscription.cancel() for subscription in self._subscriptions))
        await self._drain()
        await self._disconnect("It was stopped.")

    async def _drain(self) -> None:
        if not self._handling:
            return
        _, late = await asyncio.wait(self._handling, timeout=self._drain_seconds)
        for task in late:
            task.cancel()
        if late:
            log.warning("bus.handlers_cancelled", count=len(late), waited_seconds=self._drain_seconds)
            await asyncio.wait(late, timeout=CANCEL_SECONDS)

    async def problem(self) -> str | None:
        """Readiness: None when connected and every queue is consumed."""
        if self._link is None or self._link.ended.is_set():
            return f"The message broker at {place(self._url)} is not connected."
        lost = [subscription.queue for subscription in self._subscriptions if not subscription.is_consuming]
        return f"Queues that are not consumed: {', '.join(lost)}." if lost else None

    async def _connect_within(self, remaining: Callable[[], float]) -> None:
        """Try until there is a connection, the time is over (BusUnavailable), or the bus is stopped."""
        attempt = 0
        while not self._is_stopping:
            try:
                await self._connect()
            except BusUnavailable as error:
                if remaining() <= 0:
                    raise BusUnavailable(
                        f"Waited for {error.detail} Start RabbitMQ or correct COLLOQUY_AMQP_URL."
                    ) from None
                if attempt % _ATTEMPTS_A_LINE == 0:
                    log.warning("bus.waiting", reason=error.detail)
                pause = _PAUSES_SECONDS[min(attempt, len(_PAUSES_SECONDS) - 1)]
                await asyncio.sleep(max(0.01, min(pause * uniform(0.8, 1.2), remaining())))
                attempt += 1
            else:
                return

    async def _connect(self) -> None:
        """Make a connection with everything on it; all or nothing."""
        link = await Link.open(self._url, name=self._source, limit_seconds=self._confirm_seconds)
        try:
            await link.declare(*self._topology.exchanges())
            await declare_queue(link, self._topology.dead_queue())
            await link.listen_for_replies(self._on_reply)
            self._subscriptions = self._subscribe_to(link)
            await asyncio.gather(*(subscription.renew() for subscription in self._subscriptions))
        except BaseException:
            await link.close()
            raise
        self._known_queues = {subscription.queue for subscription in self._subscriptions}
        self._link = link
        self._is_connected.set()
        log.info("bus.connected", place=place(self._url), queues=len(self._subscriptions))

    def _subscribe_to(self, link: Link) -> list[BrokerSubscription]:
        subscriptions = [self._subscription(link, consumer) for consumer in self._consumers]
        if any(is_partition(consumer.queue) for consumer in self._consumers):
            subscriptions.append(self._own_subscription(link, self._topology.intake_queue(), 1, self._part))
        if self._burial.keeps:
            subscriptions.append(self._own_subscription(link, self._topology.dead_queue(), 10, self._burial.keep))
        for subscription in subscriptions:
            subscription.shared_by = sum(other.queue == subscription.queue for other in subscriptions)
        return subscriptions

    def _subscription(self, link: Link, consumer: Consumer) -> BrokerSubscription:
        return BrokerSubscription(
            link=link,
            plan=self._topology.consumer_queue(consumer, new_id()),
            prefetch=consumer.prefetch,
            on_message=lambda incoming: self._begin(self._handle(consumer, incoming)),
            watchdog=self._watchdog,
            on_consuming=lambda: self._note_gap(consumer),
            on_counted=None if consumer.is_live else lambda ready: self._measures.waiting(consumer.queue, ready),
        )

    def _note_gap(self, consumer: Consumer) -> None:
        """A live queue is consumed: for the first time, or again after a break in which its messages were lost."""
        if consumer.on_gap is None:
            return
        if consumer.queue in self._consumed_before:
            consumer.on_gap()
        self._consumed_before.add(consumer.queue)

    def _own_subscription(
        self, link: Link, plan: QueuePlan, prefetch: int, handle: Callable[[Link, Incoming], Coroutine[Any, Any, None]]
    ) -> BrokerSubscription:
        return BrokerSubscription(
            link=link,
            plan=plan,
            prefetch=prefetch,
            on_message=lambda incoming: self._begin(handle(link, incoming)),
            watchdog=self._watchdog,
        )

    async def _supervise(self) -> None:
        """Watch over the connection, and make another one when it has ended."""
        while not self._is_stopping:
            await self._watch()
            await self._watchdog.stop()
            await self._disconnect("The connection to the message broker ended.")
            log.warning("bus.disconnected", place=place(self._url))
            while self._link is None and not self._is_stopping:
                try:
                    await self._connect_within(lambda: float("inf"))
                except ColloquyError as error:  # e.g. our account is not there yet on a broker that was set up anew
                    log.error("bus.cannot_connect", reason=str(error))
                    await asyncio.sleep(_PAUSES_SECONDS[-1])

    def _on_supervisor_done(self, supervisor: asyncio.Task[None]) -> None:
        """It only ends when it is told to; otherwise nobody would connect us again."""
        if not supervisor.cancelled() and (error := supervisor.exception()) is not None:
            self._give_up(f"The supervision of the broker's connection failed ({type(error).__name__}).")

    async def _watch(self) -> None:
        link = self._link
        while link is not None and not link.ended.is_set() and not self._is_stopping:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._check_seconds):
                    await link.ended.wait()
                return
            with contextlib.suppress(BusUnavailable):
                await self._watchdog.compare(self._subscriptions)

    async def _disconnect(self, reason: str) -> None:
        link, self._link = self._link, None
        self._is_connected.clear()
        for reply in self._requests.values():
            if not reply.done():
                reply.set_exception(BusUnavailable(reason))
                reply.exception()  # seen: it need not be reported when nobody waits any more
        if link is not None:
            await link.close()

    # Sending

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Hand over persistently, all at once, and wait for the broker's confirms; see the port."""
        packed = [self._codec.pack(envelope) for envelope in envelopes]
        bodies = [await self._codec.fit(each.body) for each in packed]
        link = await self._linked(self._patience_seconds)
        results = await asyncio.gather(
            *(self._publish(link, each, body) for each, body in zip(packed, bodies, strict=True)),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def hand_over(self, packed: Packed) -> Awaitable[None]:
        """Publish one message; the result is done already, the broker has confirmed it."""
        link = await self._linked(0)
        await self._publish(link, packed, await self._codec.fit(packed.body))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def announce(self, event: Event) -> None:
        """Publish a live event without waiting for anybody; it is lost when there is no connection."""
        packed = self._codec.pack(self._envelopes.wrap(event))
        body = await self._codec.fit(packed.body)
        if self._link is not None:
            with contextlib.suppress(BusUnavailable):
                await self._link.send(
                    Outgoing(self._topology.events, packed.destination, body, packed.id, is_persistent=False)
                )

    async def answer(self, reply_to: str, correlation_id: str, event: Event) -> None:
        """Tell a publisher that waits; lost when it has gone, or when there is no connection."""
        outgoing = await self._intake.answer(reply_to, correlation_id, event)
        if (link := self._living_link()) is not None:
            with contextlib.suppress(BusUnavailable):
                await link.send(outgoing)

    async def request(self, command: Command, reply: type[R], *, timeout_seconds: float) -> R:
        """Ask and wait for the reply; see the port."""
        began = self._clock.monotonic()
        packed = self._codec.pack(self._envelopes.wrap(command, lifetime_seconds=timeout_seconds))
        body = await self._codec.fit(packed.body)
        link = await self._linked(min(self._patience_seconds, timeout_seconds))
        key = self._topology.queue_name(command.queue)
        if key not in self._known_queues:
            await declare_queue(link, self._topology.command_queue(command.queue))
            self._known_queues.add(key)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._requests[packed.id] = answer
        try:
            await link.send(
                Outgoing(
                    self._topology.commands,
                    key,
                    body,
                    packed.id,
                    is_persistent=False,
                    correlation_id=packed.id,
                    reply_to=REPLY_TO,
                    lifetime_seconds=timeout_seconds,
                )
            )
            async with asyncio.timeout(timeout_seconds - (self._clock.monotonic() - began)):
                answered = await answer
        except TimeoutError:
            raise RequestTimedOut(command.type_name, timeout_seconds) from None
        finally:
            del self._requests[packed.id]
        return await reply_in(answered, reply, self._codec)

    async def queues(self, names: Sequence[str]) -> Mapping[str, QueueFigures]:
        """As the broker counts; see the port."""
        link = await self._linked(self._patience_seconds)
        found = {name: await link.counts(self._topology.queue_name(name)) for name in names}
        return {name: QueueFigures(*figures) for name, figures in found.items() if figures is not None}

    async def _linked(self, patience_seconds: float) -> Link:
        """The connection, waited for a short while when it is being made anew. Raises BusUnavailable."""
        if (link := self._living_link()) is not None:
            return link
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_seconds):
                while not self._is_stopping:
                    self._is_connected.clear()
                    await self._is_connected.wait()
                    if (link := self._living_link()) is not None:
                        return link
        raise BusUnavailable(f"There is no connection to {place(self._url)}.")

    def _living_link(self) -> Link | None:
        link = self._link
        return None if link is None or link.ended.is_set() else link

    async def _publish(self, link: Link, packed: Packed, body: bytes) -> None:
        if packed.is_event:
            await link.publish(Outgoing(self._topology.events, packed.destination, body, packed.id))
            return
        key = self._topology.queue_name(packed.destination)
        await self._publish_command(link, Outgoing(self._topology.commands, key, body, packed.id, must_arrive=True))

    async def _publish_command(self, link: Link, command: Outgoing) -> None:
        try:
            await link.publish(command)
        except Unroutable:  # nobody has consumed this queue yet, or somebody has deleted it
            queue = command.key.removeprefix(self._topology.prefix)
            await declare_queue(link, self._topology.command_queue(queue))
            await link.publish(command)

    def _on_reply(self, incoming: Incoming) -> None:
        waiting = self._requests.get(incoming.correlation_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(incoming.body)

    # Handling

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Handle in a task of our own: those of the library are cancelled when their channel ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._handling.add(task)
        task.add_done_callback(self._handling.discard)

    async def _handle(self, consumer: Consumer, incoming: Incoming) -> None:
        attempt = _number(incoming, ATTEMPT, 1)
        try:
            verdict = await self._mischief.deliver(
                self._deliverer,
                consumer,
                incoming.body,
                attempt=attempt + _number(incoming, "x-delivery-count", 0),
                wants_reply=bool(incoming.reply_to),
                publisher=incoming.user_id,
            )
            match verdict:
                case Done(reply):
                    await self._reply(incoming, reply)
                case _ if consumer.is_live:
                    pass  # a live event may be lost; its failure is in the log
                case TryAgain(reason):
                    await self._try_again(consumer, incoming, attempt, reason)
                case Dead(reason):
                    await self._bury(consumer, incoming, attempt, reason)
        except asyncio.CancelledError:
            if self._is_stopping:
                raise  # with the connection it goes back by itself
            await incoming.give_back()
        except Exception as error:  # whatever it is, the message must come again
            reason = str(error) if isinstance(error, ColloquyError) else type(error).__name__
            log.warning("bus.not_settled", queue=consumer.queue, message=incoming.message_id, reason=reason)
            await self._give_back(incoming)
        else:
            await incoming.acknowledge()

    async def _reply(self, incoming: Incoming, reply: bytes | None) -> None:
        if reply is None or not incoming.reply_to or self._link is None:
            return
        with contextlib.suppress(BusUnavailable):  # who asked has lost its connection as well
            await self._link.send(
                Outgoing(
                    "",
                    incoming.reply_to,
                    reply,
                    new_id(),
                    is_persistent=False,
                    correlation_id=incoming.correlation_id,
                )
            )

    async def _try_again(self, consumer: Consumer, incoming: Incoming, attempt: int, reason: str) -> None:
        delay = delay_after(attempt, self._retry_delays)
        if delay is None:
            await self._bury(consumer, incoming, attempt, reason)
            return
        link = await self._linked(self._patience_seconds)
        exchange, queue = self._topology.retry(delay)
        if queue.name not in self._known_queues:
            await link.declare(exchange)
            await declare_queue(link, queue)
            self._known_queues.add(queue.name)
        headers: dict[str, str | int] = {ATTEMPT: attempt + 1}
        key = self._topology.queue_name(consumer.queue)
        message_id = incoming.message_id or new_id()
        try:
            await link.publish(Outgoing(exchange.name, key, incoming.body, message_id, headers, must_arrive=True))
        except Unroutable:  # somebody has deleted it: declare it next time
            self._known_queues.discard(queue.name)
            raise

    async def _bury(self, consumer: Consumer, incoming: Incoming, attempt: int, reason: str) -> None:
        await self._send_to_the_dead(self._burial.letter(consumer.queue, incoming, attempt, reason), reason)

    async def _send_to_the_dead(self, letter: Outgoing, reason: str) -> None:
        log.warning("bus.dead_letter", queue=letter.key, message=letter.message_id, reason=reason)
        link = await self._linked(self._patience_seconds)
        try:
            await link.publish(letter)
        except Unroutable:
            await declare_queue(link, self._topology.dead_queue())
            await link.publish(letter)

    async def _give_back(self, incoming: Incoming) -> None:
        """It could be neither settled nor put away: let it come again, but not at once."""
        await asyncio.sleep(_GIVE_BACK_SECONDS)
        await incoming.give_back()

    async def _part(self, link: Link, incoming: Incoming) -> None:
        """Send what another service published to the queue of its session, sealed, or to the dead letters."""
        try:
            try:
                outgoing = await self._intake.parted(incoming)
            except NotUnderstood as error:
                await self._refuse(incoming, error.detail)
            else:
                await self._publish_command(link, outgoing)
        except ColloquyError as error:
            log.warning("bus.not_settled", queue=ACTIONS_INTAKE, reason=str(error))
            await self._give_back(incoming)
        else:
            await incoming.acknowledge()

    async def _refuse(self, incoming: Incoming, reason: str) -> None:
        body = without_contents(incoming)
        await self._send_to_the_dead(self._burial.letter(ACTIONS_INTAKE, incoming, 1, reason, body=body), reason)
        if incoming.reply_to:
            refusal = self._intake.refusal(incoming, reason)
            await self.answer(incoming.reply_to, incoming.correlation_id, refusal)


def _number(incoming: Incoming, header: str, otherwise: int) -> int:
    value = incoming.headers.get(header)
    return value if isinstance(value, int) and value >= 0 else otherwise


def _end_process(reason: str) -> None:
    log.critical("bus.giving_up", reason=reason)
    os.kill(os.getpid(), signal.SIGTERM)
