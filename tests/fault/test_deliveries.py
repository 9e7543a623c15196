"""Every command delivered twice, on every bus of a whole system: nothing is different from one delivery."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from shared.storage.database import Database
from tests.fault.conftest import INTERVIEWS, troubled_command
from tests.fault.door import Door
from tests.fault.open_page import OpenPage
from tests.sites import Site, distributed_site, service_command

pytestmark = [pytest.mark.fault, pytest.mark.timeout(120)]

SERVICES = ("session", "worker", "gateway")
HOW_OFTEN: Mapping[str, Mapping[str, list[str]]] = {
    "once": {name: service_command(name) for name in SERVICES},
    "twice": {name: troubled_command(name, "twice") for name in SERVICES},
}


@pytest.fixture(params=list(HOW_OFTEN))
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A system whose buses deliver so often."""
    commands = HOW_OFTEN[request.param]
    with distributed_site(tmp_path_factory.mktemp("house"), interviews=[INTERVIEWS], commands=commands) as site:
        yield site


async def test_an_interview_with_tasks_within_tasks_is_the_same(house: Site, rows: Database, door: Door) -> None:
    """Form, task, response action, a task launched by it, error action, check-ins and their notices."""
    nested = await played(house, rows, door, "nested")
    assert nested == {
        "saved": "nested and response",
        "notices": ["saved", "saved"],
        "steps": 3,
        "tasks": [("succeeded", 1), ("succeeded", 1)],
        "second phases": 2,
        "notices left": 0,
    }
    assert door.visits == {"nested": 1, "response": 1}
    handled = await played(house, rows, door, "handled failure")
    assert handled == {
        "saved": "repaired ZeroDivisionError",
        "notices": ["repaired"],
        "steps": 3,
        "tasks": [("failed", 1)],
        "second phases": 1,
        "notices left": 0,
    }
    assert door.visits["handled-failure"] == 1
    assert await rows.fetchval("select count(*) from bus.dead_letters") == 0


async def played(house: Site, rows: Database, door: Door, way: str) -> dict[str, Any]:
    """Play the interview to its end; what an observer can tell afterwards."""
    page = OpenPage(house)
    await page.open()
    await page.submit(door=str(door.port), way=way)
    session = await rows.fetchval("select id from session.sessions order by created_at desc limit 1")
    while await rows.fetchval("select count(*) from tasks.tasks where ended_at is null"):
        await asyncio.sleep(0.05)
    await page.look()
    while await page.check_in():
        continue
    await page.submit(afterwards="more")
    tasks = await rows.fetch("select state, fencing from tasks.tasks where session_id = $1", session)
    handled = "select count(*) from session.inbox where session_id = $1 and operation_id like 'task:%'"
    left = "select count(*) from session.notices where session_id = $1 and acknowledged_at is null"
    return {
        "saved": page.text.partition(" Saved ")[2].removesuffix("."),
        "notices": [command["value"] for command in page.commands],
        "steps": page.page["steps"],
        "tasks": [(task["state"], task["fencing"]) for task in tasks],
        "second phases": await rows.fetchval(handled, session),
        "notices left": await rows.fetchval(left, session),
    }
