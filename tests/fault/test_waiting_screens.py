"""A waiting screen always ends: however its task ends, the open page is told at once, and shows how."""

from __future__ import annotations

import asyncio

import pytest

from shared.storage.database import Database
from tests.fault.door import Door
from tests.fault.open_page import OpenPage
from tests.sites import Site

pytestmark = [pytest.mark.fault, pytest.mark.timeout(120)]


@pytest.mark.parametrize(
    ("way", "shown", "notice"),
    [
        ("value", "failed False, error None, saved nothing.", "done"),
        ("number", "failed False, error None, saved nothing.", 2**70),
        ("response", "failed False, error None, saved response.", "saved"),
        ("failure", "failed True, error ZeroDivisionError, saved nothing.", None),
        ("handled failure", "failed True, error ZeroDivisionError, saved repaired ZeroDivisionError.", "repaired"),
    ],
)
async def test_a_page_is_told_of_a_task_that_ends_by_itself(
    house: Site, workers: Site, door: Door, way: str, shown: str, notice: object
) -> None:
    door.shut()
    workers.start("worker")
    page = await waiting_page(house, door, way)
    async with page.listening_live() as live:
        door.open()
        await page.told(live)
    assert (page.heading, page.text) == ("It has ended", shown)
    assert [command["value"] for command in await page.check_in()] == ([] if notice is None else [notice])


async def waiting_page(house: Site, door: Door, way: str) -> OpenPage:
    page = OpenPage(house)
    await page.open()
    await page.submit(door=str(door.port), way=way)
    assert page.heading == "Waiting"
    await door.visited(way.replace(" ", "-"))
    return page


async def test_a_page_is_told_that_its_task_was_revoked_in_another_tab(house: Site, workers: Site, door: Door) -> None:
    door.shut()
    workers.start("worker")
    page = await waiting_page(house, door, "value")
    other = OpenPage(house)
    other.client.cookies = page.client.cookies
    await other.look()
    async with page.listening_live() as live:
        await other.stop_the_task()
        await page.told(live)
    assert page.text == "failed True, error TaskRevokedError, saved nothing."


async def test_a_page_is_told_of_a_task_that_takes_too_long(house: Site, workers: Site, door: Door) -> None:
    door.shut()
    workers.environment = {**workers.environment, "COLLOQUY_TASK_LIMIT_SECONDS": "0.5"}
    workers.start("worker")
    page = await waiting_page(house, door, "value")
    async with page.listening_live() as live:
        await page.told(live)
    assert page.text == "failed True, error RunTimedOut, saved nothing."


async def test_a_page_that_comes_late_to_its_live_connection_is_told_all_the_same(
    house: Site, workers: Site, door: Door, rows: Database
) -> None:
    workers.start("worker")
    page = await waiting_page(house, door, "value")
    while await rows.fetchval("select count(*) from tasks.tasks where ended_at is null"):
        await asyncio.sleep(0.05)
    async with page.listening_live() as live:
        await page.told(live)
    assert page.heading == "It has ended"


async def test_with_one_interview_process_and_one_worker_a_turn_waits_for_a_task_and_another_after_it(
    house: Site, workers: Site, door: Door
) -> None:
    workers.start("worker")
    page = OpenPage(house, "waits")
    await page.open()
    await page.submit(door=str(door.port), number="5")
    assert page.heading == "The result is 20"
    assert door.visits == {"double-5": 1, "double-10": 1}


async def test_a_turn_that_waited_when_its_process_was_killed_is_answered_by_another_one_with_the_same_task(
    house: Site, workers: Site, door: Door
) -> None:
    door.shut()
    workers.start("worker")
    page = OpenPage(house, "waits")
    await page.open()
    submitting = asyncio.create_task(page.submit(door=str(door.port), number="5"))
    await door.visited("double-5")
    house.kill("session")
    house.start("session")
    door.open()
    await submitting
    assert page.heading == "The result is 20"
    assert door.visits == {"double-5": 1, "double-10": 1}
