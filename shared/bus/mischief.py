"""What a broker may do and seldom does, done on purpose: for tests that a service stands it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from shared.bus.delivery import Deliverer, Verdict
from shared.bus.port import Consumer
from shared.kernel.ids import uniform


@dataclass(frozen=True, slots=True)
class Mischief:
    """How much of it.

    `deliver_twice` handles every message a second time after the first; `redelivery` does so with this probability.
    `shuffle` starts the messages of a queue in any order, some turns of the event loop late.
    """

    deliver_twice: bool = False
    redelivery: float = 0.0
    shuffle: bool = False

    async def deliver(
        self,
        deliverer: Deliverer,
        consumer: Consumer,
        body: bytes,
        *,
        attempt: int,
        wants_reply: bool,
        publisher: str = "",
    ) -> Verdict:
        """Deliver as asked for. Somebody who waits gets the first reply, a message its last verdict."""
        if self.shuffle:
            for _ in range(int(uniform(0, 20))):
                await asyncio.sleep(0)
        verdict = await deliverer.deliver(consumer, body, attempt=attempt, wants_reply=wants_reply, publisher=publisher)
        if self._repeats():
            again = await deliverer.deliver(
                consumer, body, attempt=attempt + 1, wants_reply=wants_reply, publisher=publisher
            )
            return verdict if wants_reply else again
        return verdict

    def _repeats(self) -> bool:
        return self.deliver_twice or (self.redelivery > 0 and uniform(0, 1) < self.redelivery)
