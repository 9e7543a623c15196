"""Turn a service's table of handlers into consumers of the bus.

A handler is `async def on_run_task(message: RunTask, *, tasks: Tasks, envelope: Envelope) -> Reply | None`: it gets the
message and, by name, those of the service's parts that it asks for; `envelope` is always on offer. Commands go to the
consumer of their queue, events to the one queue named for them.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.bus.port import Consumer, Handler
from shared.bus.topology import PARTITIONS, partition_name
from shared.contracts.base import Command, Event, Message, Reply
from shared.contracts.envelope import Envelope

HandlerFunction = Callable[..., Awaitable[Reply | None]]
HandlerTable = Mapping[type[Message], HandlerFunction]


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How a service works through one of its queues; see `Consumer` for the fields."""

    prefetch: int = 16
    priority: int = 0
    is_quorum: bool = True
    is_single_active: bool = False


def consumers(
    handlers: HandlerTable,
    *,
    parts: Mapping[str, object],
    queues: Mapping[str, QueueSettings] | None = None,
    event_queue: str = "",
    is_event_queue_live: bool = True,
) -> list[Consumer]:
    """One consumer for each queue the table's commands wait in, and one for its events.

    `queues` gives settings by queue name; `session.interactive` is classic by default, every other queue quorum.
    Raises TypeError at once when a handler asks for a part that is not there, so that a service does not start wrong.
    """
    settings = dict(queues or {})
    by_queue: dict[str, dict[type[Message], Handler]] = {}
    topics: list[str] = []
    for message, function in handlers.items():
        queue = _queue_of(message, event_queue)
        if issubclass(message, Event):
            topics.append(message.topic)
        by_queue.setdefault(queue, {})[message] = _bind(function, parts)
    return [
        _consumer(queue, table, settings.get(queue), topics if queue == event_queue else (), is_event_queue_live)
        for queue, table in by_queue.items()
    ]


def in_partitions(handlers: HandlerTable, *, parts: Mapping[str, object]) -> list[Consumer]:
    """A consumer for each part of what other services publish. It takes one message at a time: their order counts."""
    table = {message: _bind(function, parts) for message, function in handlers.items()}
    return [
        Consumer(queue=partition_name(number), handlers=table, prefetch=1, is_single_active=True)
        for number in range(PARTITIONS)
    ]


def _consumer(
    queue: str,
    table: dict[type[Message], Handler],
    settings: QueueSettings | None,
    topics: Sequence[str],
    is_live: bool,
) -> Consumer:
    settings = settings or QueueSettings(is_quorum=queue not in CLASSIC_QUEUES)
    return Consumer(
        queue=queue,
        handlers=table,
        prefetch=settings.prefetch,
        topics=tuple(topics),
        is_live=bool(topics) and is_live,
        is_quorum=settings.is_quorum,
        priority=settings.priority,
        is_single_active=settings.is_single_active,
    )


CLASSIC_QUEUES = frozenset({"session.interactive"})
"""Queues of transient requests: nothing in them is worth replicating."""


def _queue_of(message: type[Message], event_queue: str) -> str:
    if issubclass(message, Command) and message.queue:
        return message.queue
    if issubclass(message, Event) and message.topic:
        if not event_queue:
            raise TypeError(f"a queue for events is needed: the table handles {message.__name__}")
        return event_queue
    raise TypeError(f"{message.__name__} is neither a command with a queue nor an event with a topic")


def _bind(function: HandlerFunction, parts: Mapping[str, object]) -> Handler:
    """Give a handler its parts, once, at start."""
    wanted = list(inspect.signature(function).parameters.values())[1:]
    given: dict[str, Any] = {}
    takes_envelope = False
    for parameter in wanted:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            given.update(parts)
        elif parameter.name in parts:
            given[parameter.name] = parts[parameter.name]
        elif parameter.name == "envelope":
            takes_envelope = True
        elif parameter.default is inspect.Parameter.empty:
            raise TypeError(
                f"{function.__name__} asks for the part {parameter.name!r}, which this service does not have"
            )

    async def handle(envelope: Envelope) -> Reply | None:
        if takes_envelope:
            return await function(envelope.message, envelope=envelope, **given)
        return await function(envelope.message, **given)

    return handle
