"""One connection to a RabbitMQ, in our words: the only module that imports aio-pika.

A `Link` is made once and ends for good; who wants to go on opens the next one. aio-pika's own robust connection is not
used: it restores consumers silently, lets publishing wait without limit while it is away, and does not notice a
consumer that the broker has cancelled; rabbit.py does all three in the open.

Messages go by aiormq, the layer below: aio-pika's message objects would be a tenth of what a form post costs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import (
    CONNECTION_EXCEPTIONS,
    AuthenticationError,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    DeliveryError,
    ProbableAuthenticationError,
)
from aiormq import spec
from aiormq.abc import AbstractChannel as RawChannel
from aiormq.abc import ChannelFrame, DeliveredMessage

from shared.bus.amqp_frames import published
from shared.bus.cloudevents import CONTENT_TYPE
from shared.bus.port import BusUnavailable
from shared.bus.topology import ExchangePlan, QueuePlan
from shared.kernel.errors import ColloquyError

REPLY_TO = "amq.rabbitmq.reply-to"
HEARTBEAT_SECONDS = 10
_CLOSE_SECONDS = 5

_FAILURES: tuple[type[BaseException], ...] = (*CONNECTION_EXCEPTIONS, TimeoutError)
_FAILURES_OR_CANCELLED: tuple[type[BaseException], ...] = (*_FAILURES, asyncio.CancelledError)
_LOGGERS = ("aio_pika", "aiormq", "pamqp")


class BrokerRefusedUs(ColloquyError):
    """The message broker does not let us in."""


class Unroutable(BusUnavailable):
    """There is no queue for this message."""


class QueueDiffers(ColloquyError):
    """The broker has a queue or exchange of this name with other properties."""


class QueueMissing(ColloquyError):
    """There is no such queue on the broker."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message for the broker. `exchange` "" is the default one, which routes by queue name."""

    exchange: str
    key: str
    body: bytes
    message_id: str
    headers: Mapping[str, str | int] = field(default_factory=dict)
    is_persistent: bool = True
    must_arrive: bool = False
    """Publishing fails with Unroutable when no queue takes it."""
    correlation_id: str | None = None
    reply_to: str | None = None
    lifetime_seconds: float | None = None


class Incoming:
    """A message from the broker. Of one that `is_settled` the broker knows no more: it came without need of an ack."""

    __slots__ = (
        "_channel",
        "_is_settled",
        "_tag",
        "body",
        "correlation_id",
        "headers",
        "key",
        "message_id",
        "reply_to",
        "user_id",
    )

    def __init__(self, raw: DeliveredMessage, *, is_settled: bool) -> None:
        properties = raw.header.properties
        self._channel = raw.channel
        self._tag = raw.delivery_tag
        self._is_settled = is_settled
        self.body = raw.body
        self.headers: Mapping[str, Any] = properties.headers or {}
        self.key = raw.routing_key or ""
        self.message_id = properties.message_id or ""
        self.correlation_id = properties.correlation_id or ""
        self.user_id = properties.user_id or ""
        # Only direct reply-to: a sender must not be able to make us write into a queue of its choice.
        reply_to = properties.reply_to or ""
        self.reply_to = reply_to if reply_to.startswith(f"{REPLY_TO}.") else ""

    async def acknowledge(self) -> None:
        """It is handled; without effect when the connection it came by is gone: it will come again."""
        if not self._is_settled and self._tag is not None:
            with _whatever_happens():
                await self._channel.basic_ack(self._tag)

    async def give_back(self) -> None:
        """It was not handled: the broker delivers it again, up to the queue's delivery limit."""
        if not self._is_settled and self._tag is not None:
            with _whatever_happens():
                await self._channel.basic_reject(self._tag, requeue=True)


OnMessage = Callable[[Incoming], None]
OnLost = Callable[[str], None]


class Subscribed:
    """A consumer on a channel of its own, so that its prefetch and its misfortunes are its own."""

    def __init__(self, channel: AbstractChannel, tag: str) -> None:
        self._channel = channel
        self._tag = tag

    @property
    def is_open(self) -> bool:
        """Whether its channel is."""
        return not self._channel.is_closed

    async def cancel(self) -> None:
        """Get no more messages; those in hand may still be acknowledged."""
        with _whatever_happens():
            raw = await self._channel.get_underlay_channel()
            await raw.basic_cancel(self._tag, timeout=_CLOSE_SECONDS)

    async def close(self) -> None:
        """End the channel: what was not acknowledged is delivered to others."""
        with _whatever_happens():
            await self._channel.close()


class Link:
    """Two connections: one that publishes, one that consumes, because a broker under pressure stops publishers only."""

    def __init__(self, publishing: AbstractConnection, consuming: AbstractConnection, limit_seconds: float) -> None:
        self._publishing = publishing
        self._consuming = consuming
        self._limit_seconds = limit_seconds
        self._confirmed: RawChannel
        self._quick: RawChannel
        self._wrappers: tuple[AbstractChannel, ...] = ()
        self._counting: AbstractChannel | None = None
        self._count_alone = asyncio.Lock()
        self.ended = asyncio.Event()
        """Set when any part of it has ended."""

    @classmethod
    async def open(cls, url: str, *, name: str, limit_seconds: float) -> Link:
        """Connect. Raises BusUnavailable, or BrokerRefusedUs when waiting will not help."""
        _mute()
        connections: list[AbstractConnection] = []
        try:
            with _failures_of(place(url)), _refusals_of(url):
                for purpose in ("publish", "consume"):
                    settings = _settings(url, f"colloquy {name} ({purpose})")
                    connections.append(await aio_pika.connect(url, timeout=limit_seconds, **settings))
                publishing, consuming = connections
                link = cls(publishing, consuming, limit_seconds)
                await link._set_up()
        except BaseException:
            for connection in connections:
                await _close(connection)
            raise
        return link

    async def _set_up(self) -> None:
        for connection in (self._publishing, self._consuming):
            connection.close_callbacks.add(lambda *_: self.ended.set())
        confirmed = await self._publishing.channel(publisher_confirms=True, on_return_raises=True)
        quick = await self._publishing.channel(publisher_confirms=False)
        for channel in (confirmed, quick):
            channel.close_callbacks.add(lambda *_: self.ended.set())
        self._wrappers = (confirmed, quick)  # they hold the callbacks
        self._confirmed, self._quick = await confirmed.get_underlay_channel(), await quick.get_underlay_channel()

    async def close(self) -> None:
        """End both connections."""
        self.ended.set()
        try:
            await _close(self._consuming)
        finally:
            await _close(self._publishing)

    async def publish(self, message: Outgoing) -> None:
        """Publish with a confirm. Raises BusUnavailable, Unroutable."""
        with _failures_of("The broker did not confirm"):
            try:
                async with asyncio.timeout(self._limit_seconds):
                    await _publish(self._confirmed, message, is_mandatory=message.must_arrive)
            except DeliveryError as error:
                if type(error) is DeliveryError:
                    raise BusUnavailable("The broker refused the message.") from None
                raise Unroutable(message.key) from None

    async def send(self, message: Outgoing) -> None:
        """Publish without a confirm: it may be lost. Raises BusUnavailable."""
        with _failures_of("The broker cannot be reached"):
            if message.headers:
                await _publish(self._quick, message, limit_seconds=self._limit_seconds)
            else:
                await self._send_at_once(message)

    async def _send_at_once(self, message: Outgoing) -> None:
        """Put the frames of a message into the library's line at once, and wait until the network has them."""
        channel: Any = self._quick
        taken = channel.create_future()  # fails with the channel
        frames = published(
            channel.number,
            message.body,
            exchange=message.exchange,
            key=message.key,
            content_type=CONTENT_TYPE,
            message_id=message.message_id,
            is_persistent=message.is_persistent,
            correlation_id=message.correlation_id,
            reply_to=message.reply_to,
            expiration=_expiration(message),
            largest_part=channel.max_content_size,
        )
        async with asyncio.timeout(self._limit_seconds):
            await channel.write_queue.put(ChannelFrame(payload=frames, should_close=False, drain_future=taken))
            await taken

    async def listen_for_replies(self, on_reply: OnMessage) -> None:
        """Take replies to what `send` asks with `reply_to=REPLY_TO`."""

        async def arrived(raw: DeliveredMessage) -> None:
            on_reply(Incoming(raw, is_settled=True))

        with _failures_of("The broker takes no replies"):
            await self._quick.basic_consume(REPLY_TO, arrived, no_ack=True, timeout=self._limit_seconds)

    async def declare(self, *plans: ExchangePlan | QueuePlan) -> None:
        """Declare exchanges and queues, and bind them. Raises BusUnavailable, QueueDiffers."""
        for plan in plans:
            async with self._passing_channel(plan.name) as channel:
                if isinstance(plan, ExchangePlan):
                    await channel.declare_exchange(plan.name, plan.kind, durable=True, timeout=self._limit_seconds)
                else:
                    await self._declare_queue(channel, plan)

    async def bind(self, plan: QueuePlan) -> None:
        """Bind a queue that is there with other properties. Raises BusUnavailable, QueueMissing."""
        async with self._passing_channel(plan.name) as channel:
            queue = await channel.declare_queue(plan.name, passive=True, timeout=self._limit_seconds)
            for exchange, key in plan.bindings:
                await queue.bind(exchange, key, timeout=self._limit_seconds)

    async def _declare_queue(self, channel: AbstractChannel, plan: QueuePlan) -> None:
        queue = await channel.declare_queue(
            plan.name,
            durable=not plan.is_live,
            exclusive=plan.is_live,
            auto_delete=plan.is_live,
            arguments=dict(plan.arguments),
            timeout=self._limit_seconds,
        )
        for exchange, key in plan.bindings:
            await queue.bind(exchange, key, timeout=self._limit_seconds)

    async def consume(
        self, queue: str, *, prefetch: int, needs_acks: bool, on_message: OnMessage, on_lost: OnLost
    ) -> Subscribed:
        """Begin to consume a queue that has been declared. Raises BusUnavailable.

        Without `needs_acks` the broker forgets a message when it has sent it, and `prefetch` has no effect.
        """

        async def arrived(raw: DeliveredMessage) -> None:
            on_message(Incoming(raw, is_settled=not needs_acks))

        with _failures_of(f"The queue {queue} cannot be consumed"):
            channel = await self._consuming.channel(publisher_confirms=False)
            await channel.set_qos(prefetch_count=prefetch, timeout=self._limit_seconds)
            raw = await channel.get_underlay_channel()
            raw.on_consumer_cancel_callbacks.add(lambda _: on_lost("The broker cancelled it."))
            channel.close_callbacks.add(lambda *_: on_lost("Its channel was closed."))
            consuming = await raw.basic_consume(queue, arrived, no_ack=not needs_acks, timeout=self._limit_seconds)
            return Subscribed(channel, consuming.consumer_tag or "")

    async def counts(self, queue: str) -> tuple[int, int] | None:
        """How many consumers the broker counts, and messages that nobody has been given yet.

        None when there is no such queue. Raises BusUnavailable.
        """
        with _failures_of(f"{queue} cannot be counted"):
            async with self._count_alone:
                channel, self._counting = self._counting, None
                if channel is None or channel.is_closed:
                    channel = await self._consuming.channel(publisher_confirms=False)
                try:
                    declared = await channel.declare_queue(queue, passive=True, timeout=self._limit_seconds)
                except ChannelNotFoundEntity:  # the broker closes a channel that asks for what is not there
                    return None
                except BaseException:
                    with _whatever_happens():
                        await channel.close()
                    raise
                self._counting = channel  # for the next question: to open one costs more than to ask
        found = declared.declaration_result
        return found.consumer_count or 0, found.message_count or 0

    @contextlib.asynccontextmanager
    async def _passing_channel(self, name: str) -> AsyncIterator[AbstractChannel]:
        """A channel for one declaration: the broker closes a channel when a declaration fails."""
        with _failures_of(f"{name} cannot be declared"):
            try:
                async with self._consuming.channel(publisher_confirms=False) as channel:
                    yield channel
            except ChannelPreconditionFailed as error:
                raise QueueDiffers(f"{name}: {_name(error)}.") from None
            except ChannelNotFoundEntity:
                raise QueueMissing(name) from None


def place(url: str) -> str:
    """Where a broker's URL leads, without user and password."""
    parsed = urlsplit(url)
    return f"{parsed.hostname}:{parsed.port or 5672}{parsed.path}"


async def try_out(url: str, *, limit_seconds: float = 5.0) -> None:
    """Come in and go. Raises BusUnavailable, BrokerRefusedUs."""
    _mute()
    with _failures_of(place(url)), _refusals_of(url):
        await _close(await aio_pika.connect(url, timeout=limit_seconds, **_settings(url, "colloquy doctor")))


async def is_open_to_guest(url: str, *, limit_seconds: float = 5.0) -> bool:
    """Whether the user that every RabbitMQ is installed with comes in from here, by the password everybody knows."""
    parsed = urlsplit(url)
    _, _, where = parsed.netloc.rpartition("@")
    try:
        await try_out(parsed._replace(netloc=f"guest:guest@{where}").geturl(), limit_seconds=limit_seconds)
    except (BusUnavailable, BrokerRefusedUs):
        return False
    return True


def _mute() -> None:
    for logger in _LOGGERS:  # they print whole messages, at warning
        logging.getLogger(logger).setLevel(logging.CRITICAL + 1)


def _settings(url: str, name: str) -> dict[str, Any]:
    """What goes into the connection besides its URL, whose own `heartbeat` wins."""
    settings: dict[str, Any] = {"client_properties": {"connection_name": name}}
    if "heartbeat" not in parse_qs(urlsplit(url).query):
        settings["heartbeat"] = HEARTBEAT_SECONDS
    return settings


async def _publish(
    channel: RawChannel, message: Outgoing, *, is_mandatory: bool = False, limit_seconds: float | None = None
) -> None:
    properties = spec.Basic.Properties(
        content_type=CONTENT_TYPE,
        headers=dict(message.headers) or None,
        delivery_mode=2 if message.is_persistent else 1,
        correlation_id=message.correlation_id,
        reply_to=message.reply_to,
        expiration=_expiration(message),
        message_id=message.message_id,
    )
    await channel.basic_publish(
        message.body,
        exchange=message.exchange,
        routing_key=message.key,
        properties=properties,
        mandatory=is_mandatory,
        timeout=limit_seconds,
    )


def _expiration(message: Outgoing) -> str | None:
    lifetime = message.lifetime_seconds
    return None if lifetime is None else str(int(lifetime * 1000))


@contextlib.contextmanager
def _failures_of(doing: str) -> Iterator[None]:
    """Raise BusUnavailable for the library's errors, and CancelledError for a cancellation and nothing else.

    The library mixes them up both ways: what waits on a connection that ends gets a CancelledError nobody asked for,
    and a task that is cancelled while a channel opens gets an error of that channel.
    """
    try:
        yield
    except _FAILURES_OR_CANCELLED as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError from None
        reason = "the connection ended" if isinstance(error, asyncio.CancelledError) else _name(error)
        raise BusUnavailable(f"{doing}: {reason}.") from None


@contextlib.contextmanager
def _refusals_of(url: str) -> Iterator[None]:
    """Raise BrokerRefusedUs where the broker answers but does not let us in."""
    try:
        yield
    except (AuthenticationError, ProbableAuthenticationError):
        raise BrokerRefusedUs(f"Check user, password and virtual host of COLLOQUY_AMQP_URL for {place(url)}.") from None


@contextlib.contextmanager
def _whatever_happens() -> Iterator[None]:
    """For what is pointless on a connection that has ended, and done by its end."""
    with contextlib.suppress(BusUnavailable), _failures_of(""):
        yield


async def _close(connection: AbstractConnection) -> None:
    with _whatever_happens():
        async with asyncio.timeout(_CLOSE_SECONDS):
            await connection.close()


def _name(error: BaseException) -> str:
    """What kind of failure: texts of the library may quote whole messages, and URLs with passwords."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
