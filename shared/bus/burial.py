"""Dead letters on the broker: what is written on them, and how they get from the queue of the dead to their keeper."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
import structlog

from shared.bus.amqp import Incoming, Link, Outgoing
from shared.bus.cloudevents import Codec, peek
from shared.bus.port import BODY_LIMIT_BYTES, DeadLetter, DeadLetterBox, NotUnderstood
from shared.bus.topology import ACTIONS_INTAKE, Topology
from shared.kernel.clock import Clock
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import new_id

log = structlog.get_logger()

REASON = "x-colloquy-reason"
QUEUE = "x-colloquy-queue"
ATTEMPTS = "x-colloquy-attempts"

_REASON_LENGTH = 2000
_PAUSE_SECONDS = 1.0


class Burial:
    """Writes dead letters for one broker, and hands them to `box` where this process has one."""

    def __init__(self, topology: Topology, codec: Codec, clock: Clock, box: DeadLetterBox | None) -> None:
        self._topology = topology
        self._codec = codec
        self._clock = clock
        self._box = box

    @property
    def keeps(self) -> bool:
        """Whether this process takes over dead letters."""
        return self._box is not None

    def letter(
        self, queue: str, incoming: Incoming, attempts: int, reason: str, *, body: bytes | None = None
    ) -> Outgoing:
        """The message as a dead letter, with reason and attempts in its headers; `body` instead of its own."""
        headers: dict[str, str | int] = {QUEUE: queue, REASON: reason[:_REASON_LENGTH], ATTEMPTS: attempts}
        name = self._topology.dead
        kept = incoming.body if body is None else body
        return Outgoing(name, queue, kept, incoming.message_id or new_id(), headers, must_arrive=True)

    async def keep(self, _link: Link, incoming: Incoming) -> None:
        """Hand one dead letter to the box; it stays with the broker until the box has it."""
        assert self._box is not None
        try:
            await self._box.keep(await self._read(incoming))
        except Exception as error:  # whatever it is, the letter must not be lost
            reason = str(error) if isinstance(error, ColloquyError) else type(error).__name__
            log.warning("bus.dead_letter_not_kept", message=incoming.message_id, reason=reason)
            await asyncio.sleep(_PAUSE_SECONDS)
            await incoming.give_back()
        else:
            await incoming.acknowledge()

    async def _read(self, incoming: Incoming) -> DeadLetter:
        try:
            body = await self._codec.whole(incoming.body)  # what is kept apart expires, dead letters do not
        except NotUnderstood:
            body = incoming.body
        by_broker = _death(incoming.headers)
        if by_broker.get("queue") == self._topology.queue_name(ACTIONS_INTAKE):
            body = without_contents(incoming)  # it has expired, or has ended whoever took it up
        type_name, message_id, subject = peek(body)
        queue = incoming.headers.get(QUEUE) or str(by_broker.get("queue", "")).removeprefix(self._topology.prefix)
        attempts = incoming.headers.get(ATTEMPTS, 0)
        return DeadLetter(
            queue=str(queue),
            type=type_name,
            reason=str(incoming.headers.get(REASON) or _reason_of_broker(by_broker)),
            attempts=attempts if isinstance(attempts, int) else 0,
            body=body,
            message_id=message_id or incoming.message_id,
            subject=subject,
            died_at=self._clock.now(),
        )


def without_contents(incoming: Incoming) -> bytes:
    """What is kept of a message of another service that nobody could take up: it came in clear."""
    type_name, message_id, _ = peek(incoming.body) if len(incoming.body) <= BODY_LIMIT_BYTES else ("", "", "")
    return orjson.dumps({"type": type_name, "id": message_id, "publisher": incoming.user_id})


def _death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the broker itself notes when it gives a message up."""
    deaths = headers.get("x-death")
    first = deaths[0] if isinstance(deaths, list) and deaths else {}
    return first if isinstance(first, dict) else {}


def _reason_of_broker(death: Mapping[str, Any]) -> str:
    if death.get("reason") == "delivery_limit":
        return "It was delivered again and again and no handler ended: its processes may have been killed by it."
    return f"The broker gave it up: {death.get('reason', 'for no reason it tells')}."
