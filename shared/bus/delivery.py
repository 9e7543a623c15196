"""What happens to one delivered message: parse, drop if expired, handle, decide. Adapters carry out the verdict.

    handler returned            Done, with its reply when somebody waits for one
    Retryable                   TryAgain; a request is refused instead, as retryable: its sender waits and may ask again
    any other error             Dead, with the reason; a request is refused instead
    does not parse              Dead, with the reason; a request is refused instead
    nobody waits any more       Done

Reasons and log lines name errors and places in the code, never contents.
"""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import structlog

from shared.bus.cloudevents import Codec
from shared.bus.measures import BusMeasures, Ending
from shared.bus.port import Consumer, NotUnderstood
from shared.contracts.base import Reply
from shared.contracts.envelope import Envelope, Envelopes
from shared.contracts.session import RefusedRequest
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError, Retryable
from shared.kernel.telemetry import Metrics
from shared.kernel.tracing import span

log = structlog.get_logger()

CANCEL_SECONDS = 5.0
"""How long a bus that stops waits for handlers it has cancelled."""


@dataclass(frozen=True, slots=True)
class Done:
    """Acknowledge; `reply` is the encoded answer when one was asked for and there is one."""

    reply: bytes | None = None


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Deliver it again after a delay, as long as there are delays left."""

    reason: str


@dataclass(frozen=True, slots=True)
class Dead:
    """It goes to the dead letters."""

    reason: str


Verdict: TypeAlias = Done | TryAgain | Dead
_ENDINGS: dict[type[Verdict], Ending] = {Done: "done", TryAgain: "again", Dead: "dead"}


def delay_after(attempt: int, delays: Sequence[float]) -> float | None:
    """Seconds until the next attempt when attempt number `attempt` (from 1) has failed; None: there is none."""
    return delays[attempt - 1] if attempt <= len(delays) else None


@dataclass(frozen=True, slots=True)
class Deliverer:
    """Runs handlers and judges how they ended, for one process."""

    codec: Codec
    clock: Clock
    source: str
    measures: BusMeasures = field(default_factory=lambda: BusMeasures(Metrics()))

    async def deliver(
        self, consumer: Consumer, body: bytes, *, attempt: int, wants_reply: bool, publisher: str = ""
    ) -> Verdict:
        """Handle one message; raises only when it was cancelled."""
        with self.measures.handling(consumer.queue) as ending:
            verdict = await self._deliver(consumer, body, attempt, wants_reply, publisher)
            ending.append(_ENDINGS[type(verdict)])
        return verdict

    async def _deliver(
        self, consumer: Consumer, body: bytes, attempt: int, wants_reply: bool, publisher: str
    ) -> Verdict:
        try:
            envelope = await self.codec.read(body)
        except NotUnderstood as error:
            log.warning("bus.not_understood", queue=consumer.queue, reason=error.detail)
            return await self._no(error, wants_reply)
        except Retryable as error:
            return await self._not_now(error, wants_reply)
        if attempt != 1 or publisher:
            envelope = dataclasses.replace(envelope, attempt=attempt, publisher=publisher)
        if self._is_expired(envelope):
            log.info("bus.expired", queue=consumer.queue, type=envelope.message.type_name, message=envelope.id)
            return Done()
        handler = consumer.handlers.get(type(envelope.message))
        if handler is None:
            stray = NotUnderstood(f"Nobody on {consumer.queue} handles {envelope.message.type_name}.")
            return await self._no(stray, wants_reply, envelope)
        try:
            with (
                structlog.contextvars.bound_contextvars(message=envelope.id, correlation=envelope.correlation_id),
                span(envelope.message.type_name, parent=envelope.traceparent, kind="consumer"),
            ):
                reply = await handler(envelope)
        except Retryable as error:
            log.info("bus.not_now", queue=consumer.queue, type=envelope.message.type_name, reason=str(error))
            return await self._not_now(error, wants_reply, envelope)
        except Exception as error:
            _log_failure(error, consumer, envelope)
            return await self._no(error, wants_reply, envelope)
        if not wants_reply:
            return Done()
        if reply is None:
            reply = RefusedRequest(error="NoReply", detail=f"{envelope.message.type_name} has no reply.")
        return await self._answer(reply, envelope)

    async def _answer(self, reply: Reply, request: Envelope | None) -> Done:
        """Encode the reply; one that cannot be sent is replaced by a refusal that can."""
        try:
            return Done(await self._encode(reply, request))
        except Exception as error:
            log.error("bus.reply_failed", type=reply.type_name, reason=_reason(error), places=_places(error))
            return Done(await self._encode(refusal(error), request))

    async def _encode(self, reply: Reply, request: Envelope | None) -> bytes:
        subject, correlation = (request.subject, request.id) if request else ("", "")
        envelope = Envelopes(self.source, self.clock).wrap(reply, subject=subject, correlation_id=correlation)
        return await self.codec.fit(self.codec.encode(envelope))

    async def _no(self, error: Exception, wants_reply: bool, request: Envelope | None = None) -> Verdict:
        if wants_reply:
            return await self._answer(refusal(error), request)
        return Dead(_reason(error))

    async def _not_now(self, error: Retryable, wants_reply: bool, request: Envelope | None = None) -> Verdict:
        if wants_reply:
            return await self._answer(refusal(error), request)
        return TryAgain(_reason(error))

    def _is_expired(self, envelope: Envelope) -> bool:
        if not envelope.expires:
            return False
        try:
            expires = datetime.fromisoformat(envelope.expires)
        except ValueError:
            return False
        return expires.tzinfo is not None and expires < self.clock.now()


def refusal(error: Exception) -> RefusedRequest:
    """What somebody who waits is told; errors that are not ours are named by their class only."""
    if isinstance(error, ColloquyError):
        return RefusedRequest(error=type(error).__name__, detail=str(error), is_retryable=isinstance(error, Retryable))
    return RefusedRequest(error="InternalError", detail=type(error).__name__)


def _reason(error: Exception) -> str:
    if isinstance(error, ColloquyError):
        return f"{type(error).__name__}: {error}"
    places = _places(error)
    return f"{type(error).__name__} at {places[-1]}" if places else type(error).__name__


def _places(error: Exception) -> list[str]:
    """Where it happened, innermost last: file and line without the text of the error, which may hold contents."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-8:]]


def _log_failure(error: Exception, consumer: Consumer, envelope: Envelope) -> None:
    log.error(
        "bus.handler_failed",
        queue=consumer.queue,
        type=envelope.message.type_name,
        message=envelope.id,
        subject=envelope.subject,
        reason=_reason(error),
        places=_places(error),
    )
