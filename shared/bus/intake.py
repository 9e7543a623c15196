"""What other services publish, made ready for the session service: understood, sealed, and parted by session.

From here on arguments and the session's code travel sealed, and who published is what the broker has verified. What is
not understood becomes a dead letter without its contents, which may be anything; its publisher is answered if it waits.
"""

from __future__ import annotations

from shared.bus.amqp import Incoming, Outgoing
from shared.bus.cloudevents import Codec, peek
from shared.bus.port import BODY_LIMIT_BYTES, NotUnderstood
from shared.bus.topology import Topology, partition_queue
from shared.contracts.base import Event, Sealed
from shared.contracts.envelope import Envelopes
from shared.contracts.events import ActionFinished, ActionRequested
from shared.contracts.session import TakeAction
from shared.kernel.ids import new_id

_LONGEST_ID = 200


class Intake:
    """Reads what waits in the intake queue."""

    def __init__(self, topology: Topology, codec: Codec, envelopes: Envelopes) -> None:
        self._topology, self._codec, self._envelopes = topology, codec, envelopes

    async def parted(self, incoming: Incoming) -> Outgoing:
        """The command for the session service, on its way to the queue of its session. Raises NotUnderstood."""
        if len(incoming.body) > BODY_LIMIT_BYTES:
            raise NotUnderstood(f"It has {len(incoming.body)} bytes, the limit is {BODY_LIMIT_BYTES}.")
        envelope = await self._codec.read(incoming.body, may_be_elsewhere=False)
        asked = envelope.message
        if not isinstance(asked, ActionRequested):
            raise NotUnderstood(f"Other services cannot publish {asked.type_name}.")
        if len(envelope.key) > _LONGEST_ID:
            raise NotUnderstood(f"Its id is longer than {_LONGEST_ID} letters.")
        command = TakeAction(
            publisher=incoming.user_id,
            request_id=envelope.key,
            asked=Sealed(asked),
            reply_to=incoming.reply_to,
            correlation_id=incoming.correlation_id or envelope.id,
        )
        packed = self._codec.pack(
            self._envelopes.wrap(
                command, correlation_id=envelope.id, traceparent=envelope.traceparent, expires=envelope.expires
            )
        )
        key = self._topology.queue_name(partition_queue(asked.session))
        body = await self._codec.fit(packed.body)
        return Outgoing(self._topology.commands, key, body, packed.id, must_arrive=True)

    def refusal(self, incoming: Incoming, reason: str) -> ActionFinished:
        """What its publisher is told."""
        _, message_id, _ = peek(incoming.body) if len(incoming.body) <= BODY_LIMIT_BYTES else ("", "", "")
        request_id = message_id or incoming.correlation_id
        return ActionFinished(
            session_id="", request_id=request_id, status="refused", detail=reason, publisher=incoming.user_id
        )

    async def answer(self, reply_to: str, correlation_id: str, event: Event) -> Outgoing:
        """An event for one publisher that waits for it."""
        body = await self._codec.fit(self._codec.encode(self._envelopes.wrap(event)))
        return Outgoing("", reply_to, body, new_id(), is_persistent=False, correlation_id=correlation_id)
