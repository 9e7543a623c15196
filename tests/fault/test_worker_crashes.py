"""The worker dies or stands still at the worst moments: its tasks end right, once, and the interview goes on."""

from __future__ import annotations

import asyncio
import signal

import psutil
import pytest

from shared.storage.database import Database
from tests.fault.door import Door
from tests.fault.open_page import OpenPage
from tests.sites import Site

pytestmark = [pytest.mark.fault, pytest.mark.timeout(120)]

FAILED = "failed True, error WorkerLost, saved nothing."
SECOND_PHASES = "select count(*) from session.inbox where operation_id like 'task:' || $1"


async def waiting_page(house: Site, door: Door, way: str) -> OpenPage:
    """A page that has launched a task and shows that it waits."""
    page = OpenPage(house)
    await page.open()
    await page.submit(door=str(door.port), way=way)
    assert page.heading == "Waiting"
    return page


async def died(workers: Site, name: str) -> None:
    """Wait until a worker has ended by itself."""
    await asyncio.to_thread(workers.processes[name].wait)


async def goes_on(page: OpenPage, saved: str) -> None:
    """Fill in the next form, which shows what has been saved."""
    await page.submit(afterwards="more")
    assert (page.heading, page.text) == ("The end", f"After that, more. Saved {saved}.")


def task_of(page: OpenPage) -> str:
    """The task that the page on the screen waits for."""
    (task,) = page.page["waits_for_tasks"]
    return str(task)


async def test_killed_before_the_code_began_another_worker_runs_the_task_once(
    house: Site, workers: Site, door: Door, rows: Database
) -> None:
    workers.start("worker that dies when claimed")
    page = await waiting_page(house, door, "response")
    task = task_of(page)
    await died(workers, "worker that dies when claimed")
    assert not door.visits
    workers.start("worker")
    await page.ended()
    assert page.text == "failed False, error None, saved response."
    assert door.visits == {"response": 1}
    assert await rows.fetchval("select fencing from tasks.tasks where id = $1", task) == 2
    await goes_on(page, "response")


async def test_killed_when_the_code_may_have_begun_the_task_fails_and_is_not_run_again(
    house: Site, workers: Site, door: Door
) -> None:
    workers.start("worker that dies when begun")
    page = await waiting_page(house, door, "value")
    await died(workers, "worker that dies when begun")
    workers.start("worker")
    await page.ended()
    assert page.text == FAILED
    assert not door.visits


async def test_killed_in_the_middle_of_a_task_the_page_is_told_that_it_failed_and_nothing_is_done_twice(
    house: Site, workers: Site, door: Door, rows: Database
) -> None:
    door.shut()
    workers.start("worker")
    page = await waiting_page(house, door, "response")
    task = task_of(page)
    await door.visited("response")
    async with page.listening_live() as live:
        interview_processes = psutil.Process(workers.processes["worker"].pid).children(recursive=True)
        workers.kill("worker")
        workers.start("other worker")
        await page.told(live)
    assert (page.heading, page.text) == ("It has ended", FAILED)
    assert interview_processes
    assert psutil.wait_procs(interview_processes, timeout=30)[1] == []
    door.open()
    await goes_on(page, "nothing")
    assert door.visits == {"response": 1}
    assert await rows.fetchval(SECOND_PHASES, task) == 0


async def test_killed_before_the_outcome_was_published_it_is_taken_in_once(
    house: Site, workers: Site, door: Door, rows: Database
) -> None:
    workers.start("worker that dies when recorded")
    page = await waiting_page(house, door, "response")
    task = task_of(page)
    await died(workers, "worker that dies when recorded")
    workers.start("worker")
    await page.ended()
    assert page.text == "failed False, error None, saved response."
    assert len(await page.check_in()) == 1
    assert await page.check_in() == []
    await goes_on(page, "response")
    assert door.visits == {"response": 1}
    assert await rows.fetchval(SECOND_PHASES, task) == 1


async def test_stopped_past_its_lease_and_woken_up_again_it_reports_nothing_and_works_on(
    house: Site, workers: Site, door: Door, rows: Database
) -> None:
    door.shut()
    workers.start("worker")
    page = await waiting_page(house, door, "response")
    task = task_of(page)
    await door.visited("response")
    workers.processes["worker"].send_signal(signal.SIGSTOP)
    workers.start("other worker")
    await page.ended()
    assert page.text == FAILED
    workers.kill("other worker")
    door.open()
    before = workers.output("worker", 1_000_000).count("task.ended_from_outside")
    workers.processes["worker"].send_signal(signal.SIGCONT)
    while workers.output("worker", 1_000_000).count("task.ended_from_outside") == before:
        await asyncio.sleep(0.05)
    later = await waiting_page(house, door, "value")
    await later.ended()
    assert later.text == "failed False, error None, saved nothing."
    await page.look()
    assert page.text == FAILED
    assert door.visits == {"response": 1, "value": 1}
    assert await rows.fetchval(SECOND_PHASES, task) == 0
