"""The port of the bus: few methods, two adapters (rabbit.py, local.py), one contract suite (tests/contract/bus).

Promises of every adapter (DESIGN §4): a published message is delivered at least once to each matching queue; a handler
that raises `Retryable` sees it again after a delay (1 s, 5 s, 30 s, 2 min, 10 min), then it is a dead letter; any other
error makes it a dead letter at once, with the reason; a message whose handler never ended is redelivered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from shared.contracts.base import Command, Event, Message, Reply

R = TypeVar("R", bound=Reply)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message with its CloudEvents attributes."""

    message: Message
    id: str
    source: str
    time: str
    subject: str = ""
    """Internal session id: the ordering key of `session.actions.N`."""
    correlation_id: str = ""
    traceparent: str = ""
    dedup_key: str = ""
    expires: str = ""
    publisher: str = ""
    """The broker-verified user id of whoever published it, on arrival."""
    attempt: int = 1
    """1 for the first delivery."""


Handler = Callable[[Envelope], Awaitable[Reply | None]]


@dataclass(frozen=True, slots=True)
class Consumer:
    """One queue that a service works through.

    `queue` is the queue of commands; for events `topics` are the routing keys bound to it. `is_live` makes it an
    exclusive, transient queue of this process (live events of a gateway, revocations of a worker).
    """

    queue: str
    handlers: dict[type[Message], Handler]
    prefetch: int = 16
    topics: tuple[str, ...] = ()
    is_live: bool = False
    is_quorum: bool = True
    extra: dict[str, str] = field(default_factory=dict)


class Bus(Protocol):
    """Sending, asking, and working through queues."""

    async def start(self) -> None:
        """Connect and begin to consume; waits for the broker up to the limit in the settings."""
        ...

    async def stop(self) -> None:
        """Cancel consumers, let handlers in hand finish, disconnect."""
        ...

    def consume(self, consumer: Consumer) -> None:
        """Register before `start`."""
        ...

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Hand over persistently; returns when the broker (or the local handler) has taken every one.

        Raises BusUnavailable when it cannot be known that it has.
        """
        ...

    async def request(self, command: Command, reply: type[R], *, timeout_seconds: float) -> R:
        """Send a transient command and wait for its reply.

        Raises RequestTimedOut, BusUnavailable, or RequestRefused when the service answered with RefusedRequest.
        """
        ...

    async def announce(self, event: Event) -> None:
        """Publish a live event that may be lost: no confirm, not persistent."""
        ...

    async def problem(self) -> str | None:
        """Readiness: None when messages flow."""
        ...
