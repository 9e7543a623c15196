"""The port of the bus: few methods, two adapters (rabbit.py, local.py), one contract suite (tests/contract/bus).

Promises of every adapter (DESIGN §4): a published message is delivered at least once to each matching queue; a handler
that raises `Retryable` sees it again after a delay (1 s, 5 s, 30 s, 2 min, 10 min), then it is a dead letter; any other
error makes it a dead letter at once, with the reason; a message whose handler never ended is redelivered.

    Unavailable ── BusUnavailable      the broker did not confirm: try again later
    Retryable   ── RequestTimedOut     nobody answered in time
    Refused     ── RequestRefused      the service answered, and said no
                ├── MessageTooLarge    over the limit, and there is no store for large bodies
                ├── NotUnderstood      a message on the queue that does not parse
                └── BlobMissing        the large body of a message has expired
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from shared.contracts.base import Command, Event, Message, Reply
from shared.contracts.envelope import Envelope as Envelope
from shared.kernel.errors import Malformed, NotFound, Refused, Retryable, Unavailable

R = TypeVar("R", bound=Reply)

BODY_LIMIT_BYTES = 256 * 1024
RETRY_DELAYS_SECONDS = (1.0, 5.0, 30.0, 120.0, 600.0)


class BusUnavailable(Unavailable):
    """The message bus does not answer."""


class RequestTimedOut(Retryable):
    """Nobody answered in time."""

    def __init__(self, command: str, seconds: float) -> None:
        super().__init__(f"{command} waited {seconds:g} s.")
        self.command, self.seconds = command, seconds


class RequestRefused(Refused):
    """The service refused the request."""

    def __init__(self, error: str, detail: str = "", *, is_retryable: bool = False) -> None:
        super().__init__(f"{error}: {detail}" if detail else error)
        self.error, self.is_retryable = error, is_retryable


class MessageTooLarge(Refused):
    """This message is too large for the bus."""

    def __init__(self, type_name: str, size: int, limit: int) -> None:
        super().__init__(f"{type_name} has {size} bytes, the limit is {limit}; larger bodies need a blob store.")
        self.type_name, self.size, self.limit = type_name, size, limit


class NotUnderstood(Malformed):
    """This message could not be understood."""


class BlobMissing(NotFound):
    """The body of this message was kept apart and is no longer there."""


Handler = Callable[[Envelope], Awaitable[Reply | None]]


@dataclass(frozen=True, slots=True)
class Consumer:
    """One queue that a service works through.

    `queue` is the queue of commands; for events `topics` are the routing keys bound to it. `is_live` makes it an
    exclusive, transient queue of this process (live events of a gateway, revocations of a worker), whose messages may
    be lost: they are neither retried nor kept as dead letters. Consumers of a
    higher `priority` get their messages started first. With `is_single_active` only one consumer of all processes
    works at a time, the others stand by.
    """

    queue: str
    handlers: dict[type[Message], Handler]
    prefetch: int = 16
    topics: tuple[str, ...] = ()
    is_live: bool = False
    is_quorum: bool = True
    priority: int = 0
    is_single_active: bool = False
    on_gap: Callable[[], None] | None = None
    """For live queues: called when the queue is consumed again after a break. What was announced meanwhile is lost."""
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Packed:
    """A message as it travels: its CloudEvents JSON, everything sealed that must be, and where it goes."""

    id: str
    type: str
    destination: str
    """Queue of a command, topic of an event."""
    is_event: bool
    body: bytes
    subject: str = ""


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """How a queue stands."""

    consumers: int
    ready: int
    """Messages that no consumer has been given yet."""


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

        Raises BusUnavailable when it cannot be known that it has, MessageTooLarge.
        """
        ...

    async def hand_over(self, packed: Packed) -> Awaitable[None]:
        """For the outbox relay: put one message into its queues, in the order of the calls that were awaited.

        The result is awaited for the moment it is safe to forget the message: with a broker that is now, locally
        when the handler has acknowledged. Both raise BusUnavailable.
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

    async def answer(self, reply_to: str, correlation_id: str, event: Event) -> None:
        """Tell somebody outside who waits at this address of direct reply-to; lost when they have gone."""
        ...

    async def queues(self, names: Sequence[str]) -> Mapping[str, QueueFigures]:
        """How these queues of commands stand; one that nobody has declared yet is left out. Raises BusUnavailable."""
        ...

    async def problem(self) -> str | None:
        """Readiness: None when messages flow."""
        ...


class BlobStore(Protocol):
    """Keeps bodies that are too large for a message, for as long as the message may be under way."""

    async def put(self, body: bytes) -> str:
        """Keep it; gives the reference."""
        ...

    async def get(self, reference: str) -> bytes:
        """The body. Raises BlobMissing when it was deleted or has expired."""
        ...

    async def delete(self, reference: str) -> None:
        """Forget it; without effect when it is gone."""
        ...


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message nobody could handle, and why."""

    queue: str
    type: str
    reason: str
    attempts: int
    body: bytes
    """As it was on the queue: what was sealed is sealed still."""
    message_id: str = ""
    subject: str = ""
    died_at: datetime | None = None


class DeadLetterBox(Protocol):
    """Where dead letters are kept until an operator has looked at them."""

    async def keep(self, letter: DeadLetter) -> None:
        """Keep it durably."""
        ...
