"""A bus that delivers every message twice, and notes which kinds of messages it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.bus.delivery import Verdict
from shared.bus.mischief import Mischief
from shared.contracts.base import Message


@dataclass
class NotedTwice:
    """Takes the place of a bus's mischief."""

    shuffle: bool = False
    kinds: set[str] = field(default_factory=set)

    async def deliver(self, deliverer: Any, consumer: Any, body: bytes, **given: Any) -> Verdict:
        self.kinds.add(orjson.loads(body)["type"])
        return await Mischief(deliver_twice=True).deliver(deliverer, consumer, body, **given)

    def lacks(self, *messages: type[Message]) -> list[str]:
        """Which of these have not come."""
        return sorted(one.__name__ for one in messages if one.type_name not in self.kinds)
