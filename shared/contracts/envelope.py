"""A message with its CloudEvents attributes: what is written into the outbox, carried by the bus, given to a handler.

Envelopes are made here, so that rooms which only commit messages (tasks, stores, mailbox) need no bus.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from shared.contracts.base import Message
from shared.kernel import tracing
from shared.kernel.clock import Clock
from shared.kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message with its CloudEvents attributes."""

    message: Message
    id: str
    source: str
    time: str
    """When it was made: RFC 3339, UTC."""
    subject: str = ""
    """Internal session id: messages of one subject to one queue keep their order."""
    correlation_id: str = ""
    traceparent: str = ""
    dedup_key: str = ""
    """What makes two messages the same order; empty: their id."""
    expires: str = ""
    """RFC 3339, UTC: delivered later than this, it is dropped. Empty: never."""
    publisher: str = ""
    """The broker-verified user id of whoever published it, on arrival."""
    attempt: int = 1
    """1 for the first delivery."""

    @property
    def key(self) -> str:
        """What an inbox remembers: the same for every delivery of the same order."""
        return self.dedup_key or self.id


@dataclass(frozen=True, slots=True)
class Envelopes:
    """Makes envelopes for one sender: `source` is the name of the service, e.g. `session`."""

    source: str
    clock: Clock

    def wrap(
        self,
        message: Message,
        *,
        subject: str | None = None,
        correlation_id: str = "",
        traceparent: str = "",
        dedup_key: str = "",
        lifetime_seconds: float | None = None,
        expires: str = "",
    ) -> Envelope:
        """An envelope with a new id; the subject is the message's `session_id` unless another one is given."""
        now = self.clock.now()
        if lifetime_seconds is not None:
            expires = (now + timedelta(seconds=lifetime_seconds)).isoformat()
        return Envelope(
            message=message,
            id=new_id(),
            source=self.source,
            time=now.isoformat(),
            subject=str(getattr(message, "session_id", "")) if subject is None else subject,
            correlation_id=correlation_id,
            traceparent=traceparent or tracing.traceparent(),
            dedup_key=dedup_key,
            expires=expires,
        )
