"""A service starts its components in order and stops them in reverse, whatever fails."""

from __future__ import annotations

import pytest

from shared.kernel.errors import ColloquyError
from shared.kernel.service import Service


class Failed(ColloquyError):
    """It does not work."""


class Recorded:
    def __init__(self, name: str, record: list[str], *, fails: str = "") -> None:
        self.name, self.record, self.fails = name, record, fails

    async def start(self) -> None:
        self.record.append(f"start {self.name}")
        if self.fails == "start":
            raise Failed("at the start")

    async def stop(self) -> None:
        self.record.append(f"stop {self.name}")
        if self.fails == "stop":
            raise Failed("at the end")


async def test_components_start_in_order_and_stop_in_reverse() -> None:
    record: list[str] = []
    service = Service("x", [Recorded("a", record), Recorded("b", record)])
    await service.start()
    await service.stop()
    assert record == ["start a", "start b", "stop b", "stop a"]


async def test_a_component_that_cannot_start_stops_those_before_it() -> None:
    record: list[str] = []
    service = Service("x", [Recorded("a", record), Recorded("b", record, fails="start"), Recorded("c", record)])
    with pytest.raises(Failed):
        await service.start()
    assert record == ["start a", "start b", "stop b", "stop a"]


async def test_a_component_that_cannot_stop_does_not_keep_the_others() -> None:
    record: list[str] = []
    service = Service("x", [Recorded("a", record), Recorded("b", record, fails="stop")])
    await service.start()
    await service.stop()
    assert record[-1] == "stop a"
