"""Names and arguments of everything we declare on the broker (DESIGN §4). Pure data; amqp.py declares it.

    colloquy.commands (direct) ──queue name──> the queue of that name
    colloquy.events   (topic)  ──topic───────> live queues of processes, durable event queues
    colloquy.actions  (topic)  ──action.*────> session.actions.intake, parted by session into session.actions.0 … 15
    colloquy.dead     (fanout) ──────────────> colloquy.dead
    colloquy.retry.5s (fanout) ──────────────> colloquy.retry.5s ──after 5 s──> the queue it came from

A retry queue lets every message expire back, through the default exchange, to the queue named by its routing key: five
queues serve all. Nothing here is deprecated in RabbitMQ 4: transient queues are exclusive, prefetch is per consumer.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from shared.bus.port import Consumer

CLASSIC_QUEUES = frozenset({"session.interactive"})
"""Queues of transient requests: nothing in them is worth replicating."""

DELIVERY_LIMIT = 20
PARTITIONS = 16
ACTIONS_INTAKE = "session.actions.intake"
_PARTITION = "session.actions."

Argument = str | int | bool


@dataclass(frozen=True, slots=True)
class ExchangePlan:
    """An exchange to be declared; all are durable."""

    name: str
    kind: Literal["direct", "topic", "fanout"]


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """A queue to be declared, with the exchanges and keys it is bound to."""

    name: str
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    bindings: tuple[tuple[str, str], ...] = ()
    is_live: bool = False
    """Exclusive to one connection and gone with it; otherwise durable."""


@dataclass(frozen=True, slots=True)
class Topology:
    """The plan of one installation. `prefix` sets installations that share a broker apart, e.g. `staging.`."""

    prefix: str = ""
    classic: Collection[str] = CLASSIC_QUEUES
    delivery_limit: int = DELIVERY_LIMIT

    @property
    def commands(self) -> str:
        """Where commands are published, with the name of their queue."""
        return f"{self.prefix}colloquy.commands"

    @property
    def events(self) -> str:
        """Where events are published, with their topic."""
        return f"{self.prefix}colloquy.events"

    @property
    def actions(self) -> str:
        """Where other services publish `ActionRequested`, with `action.<publisher>`."""
        return f"{self.prefix}colloquy.actions"

    @property
    def dead(self) -> str:
        """Exchange and queue of the dead letters."""
        return f"{self.prefix}colloquy.dead"

    def exchanges(self) -> tuple[ExchangePlan, ...]:
        """All exchanges but those of the retry queues."""
        return (
            ExchangePlan(self.commands, "direct"),
            ExchangePlan(self.events, "topic"),
            ExchangePlan(self.actions, "topic"),
            ExchangePlan(self.dead, "fanout"),
        )

    def queue_name(self, queue: str) -> str:
        """What a queue of ours is called on the broker."""
        return self.prefix + queue

    def command_queue(self, queue: str) -> QueuePlan:
        """The queue of a command, as its consumers and its publishers both declare it."""
        return self._durable(queue, is_quorum=queue not in self.classic, is_single_active=is_partition(queue))

    def consumer_queue(self, consumer: Consumer, live_name: str) -> QueuePlan:
        """The queue of a consumer; `live_name` ends the name of a live one, which is another for every connection."""
        topics = tuple((self.events, topic) for topic in consumer.topics)
        if consumer.is_live:
            name = f"{self.prefix}{consumer.queue}.{live_name}"
            return QueuePlan(name, {"x-queue-type": "classic"}, topics, is_live=True)
        return self._durable(
            consumer.queue,
            is_quorum=consumer.is_quorum and consumer.queue not in self.classic,
            is_single_active=consumer.is_single_active or is_partition(consumer.queue),
            bindings=topics,
        )

    def dead_queue(self) -> QueuePlan:
        """Where dead letters wait for their keeper."""
        return QueuePlan(self.dead, {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}, ((self.dead, ""),))

    def intake_queue(self) -> QueuePlan:
        """Where what other services publish waits to be parted by session, one after another."""
        intake = self._durable(ACTIONS_INTAKE, is_quorum=True, is_single_active=True)
        return QueuePlan(intake.name, intake.arguments, ((self.actions, "action.#"),))

    def retry(self, delay_seconds: float) -> tuple[ExchangePlan, QueuePlan]:
        """Where a message waits before it is tried again."""
        milliseconds = round(delay_seconds * 1000)
        name = f"{self.prefix}colloquy.retry.{_duration(milliseconds)}"
        arguments: dict[str, Argument] = {
            "x-queue-type": "quorum",
            "x-message-ttl": milliseconds,
            "x-dead-letter-exchange": "",
            **_KEPT_ON_THE_WAY,
        }
        return ExchangePlan(name, "fanout"), QueuePlan(name, arguments, ((name, ""),))

    def _durable(
        self,
        queue: str,
        *,
        is_quorum: bool,
        is_single_active: bool,
        bindings: tuple[tuple[str, str], ...] = (),
    ) -> QueuePlan:
        name = self.queue_name(queue)
        arguments: dict[str, Argument] = {"x-queue-type": "classic"}
        if is_quorum:
            arguments = {
                "x-queue-type": "quorum",
                "x-delivery-limit": self.delivery_limit,
                "x-dead-letter-exchange": self.dead,
                "x-dead-letter-routing-key": name,
                **_KEPT_ON_THE_WAY,
            }
        if is_single_active:
            arguments["x-single-active-consumer"] = True
        return QueuePlan(name, arguments, ((self.commands, name), *bindings))


# A message that dies or expires leaves its queue only when the next one has confirmed it.
_KEPT_ON_THE_WAY: Mapping[str, Argument] = {
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
}


def partition_queue(session: str) -> str:
    """The queue for what other services ask of this session: always the same, so that their order holds."""
    return partition_name(zlib.crc32(session.encode()) % PARTITIONS)


def partition_name(number: int) -> str:
    """The queue of one part of the sessions."""
    return f"{_PARTITION}{number}"


def is_partition(queue: str) -> bool:
    """Whether this is one of `session.actions.0 … 15`."""
    return queue.startswith(_PARTITION) and queue.removeprefix(_PARTITION).isdecimal()


def _duration(milliseconds: int) -> str:
    """As in queue names: `20ms`, `5s`, `2m`."""
    if milliseconds % 60_000 == 0:
        return f"{milliseconds // 60_000}m"
    return f"{milliseconds // 1000}s" if milliseconds % 1000 == 0 else f"{milliseconds}ms"
