"""A service starts its components in order and stops them in reverse, whatever fails."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shared.kernel.errors import ColloquyError
from shared.kernel.service import Service, run_until_signalled

ROOT = Path(__file__).resolve().parents[3]


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


async def test_a_service_that_is_told_to_stop_is_not_ready_while_it_stops() -> None:
    seen: list[dict[str, str]] = []

    class Curious(Recorded):
        async def stop(self) -> None:
            seen.append(await service.problems())

    service = Service("x", [Curious("a", [])])
    await service.start()
    assert await service.problems() == {}
    await service.stop()
    assert seen == [{"service": "It is stopping."}]


async def test_a_service_is_not_ready_before_all_of_it_has_started() -> None:
    seen: list[dict[str, str]] = []

    class Curious(Recorded):
        async def start(self) -> None:
            seen.append(await service.problems())

    service = Service("x", [Curious("a", [])])
    await service.start()
    assert seen == [{"service": "It is starting."}]


class Endless(Recorded):
    """Never stops."""

    async def stop(self) -> None:
        await super().stop()
        await asyncio.Event().wait()


async def test_a_process_that_is_told_to_stop_ends_in_time_whatever_hangs() -> None:
    record: list[str] = []

    async def tell() -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    hangs, well = Service("x", [Endless("a", record)]), Service("y", [Recorded("b", record)])
    with capture_logs() as lines:
        async with asyncio.timeout(20):
            await run_until_signalled([hangs, well], ready=tell, stop_seconds=0.2)
    assert record == ["start a", "start b", "stop b", "stop a"]
    (cut,) = [line for line in lines if line["event"] == "service.stop_cut_short"]
    assert cut["late"] == {"x": "Endless"}


async def test_a_signal_that_comes_while_services_start_ends_the_start() -> None:
    record: list[str] = []

    class Telling(Recorded):
        async def start(self) -> None:
            await super().start()
            os.kill(os.getpid(), signal.SIGTERM)

    class Waiting(Recorded):
        async def start(self) -> None:
            await super().start()
            await asyncio.Event().wait()

    before, during = Service("x", [Telling("a", record)]), Service("y", [Waiting("b", record)])
    async with asyncio.timeout(20):
        await run_until_signalled([before, during], stop_seconds=5.0)
    assert record == ["start a", "start b", "stop b", "stop a"]


BLOCKED = """
import asyncio, os, signal, time
from shared.kernel.service import Service, run, run_until_signalled

class Blocked:
    async def start(self): pass
    async def stop(self): time.sleep(600)

async def tell():
    os.kill(os.getpid(), signal.SIGTERM)

run(run_until_signalled([Service("x", [Blocked()])], ready=tell, stop_seconds=0.1))
"""


def test_a_process_whose_event_loop_is_blocked_ends_all_the_same_and_shows_where() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED], cwd=ROOT, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 1
    assert "in stop" in done.stderr
