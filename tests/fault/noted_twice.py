"""A bus that delivers every message twice, and notes which kinds of messages it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

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

    def lacks(self, *messages: type[Message] | tuple[type[Message], ...]) -> list[str]:
        """Which of these have not come; of those in brackets one is enough."""
        wanted = [one if isinstance(one, tuple) else (one,) for one in messages]
        return sorted(
            " or ".join(each.__name__ for each in either)
            for either in wanted
            if self.kinds.isdisjoint(each.type_name for each in either)
        )

    def lacks_in_whole(
        self, request: pytest.FixtureRequest, *messages: type[Message] | tuple[type[Message], ...]
    ) -> list[str]:
        """The same where all tests of a module run; of some of them nobody expects every message."""
        tests = {name for name in vars(request.module) if name.startswith("test_")}
        chosen = {getattr(item, "originalname", "") for item in request.session.items if item.path == request.path}
        return self.lacks(*messages) if tests <= chosen else []
