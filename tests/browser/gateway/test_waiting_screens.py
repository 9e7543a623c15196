"""Screens that reload by themselves: with several tasks, and with a form that is sent meanwhile (spec/area1 §14)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from shared.contracts.session import CheckIn, OpenSession, SubmitAnswers
from shared.crypto.keys import ServerKeys
from tests.browser.gateway.live_plays import LIVE_PLAYS
from tests.browser.gateway.test_live import code_of, until
from tests.flows.gateway.house import House, gateway_house

pytestmark = pytest.mark.browser


@pytest.fixture
async def patient_house(postgres_url: str, server_keys: ServerKeys, tmp_path: Path) -> AsyncIterator[House]:
    """A gateway whose pages do not ask by themselves after their first check-in."""
    async with gateway_house(
        database_url=postgres_url, server_keys=server_keys, packages=tmp_path, plays=LIVE_PLAYS, check_in_seconds=600.0
    ) as house:
        yield house


async def waiting(house: House, page: Page) -> None:
    """The screen that waits for two tasks, after its first check-in."""
    await page.goto(f"{house.url}/interview?i=test:two_tasks.yml")
    await expect(page.locator("#daMainQuestion")).to_have_text("Waiting for task-1 and task-2")
    await until(lambda: house.double.asked_for(CheckIn))


def end(house: House, *tasks: str) -> None:
    """They end, and nobody has been told yet."""
    house.double.ended_tasks += tasks
    for task in tasks:
        house.double.sessions[code_of(house)].steps[-1][task] = "ended"


async def test_each_task_that_ends_shows_the_screen_anew(patient_house: House, page: Page) -> None:
    await waiting(patient_house, page)
    for task, shown in (("task-1", "Waiting for task-2"), ("task-2", "All have ended")):
        end(patient_house, task)
        await patient_house.double.change(code_of(patient_house), ended_tasks=(task,))
        await expect(page.locator("#daMainQuestion")).to_have_text(shown)


async def test_tasks_that_end_together_show_it_anew_once(patient_house: House, page: Page) -> None:
    await waiting(patient_house, page)
    end(patient_house, "task-1", "task-2")
    await patient_house.double.change(code_of(patient_house), ended_tasks=("task-1", "task-2"))
    await expect(page.locator("#daMainQuestion")).to_have_text("All have ended")
    assert len(patient_house.double.asked_for(OpenSession)) == 2


async def test_a_task_that_ends_while_the_screen_is_on_its_way_is_noticed(patient_house: House, page: Page) -> None:
    """The new screen was made before the second end, and what was announced meanwhile was about the old one."""
    house = patient_house
    await waiting(house, page)
    on_its_way = asyncio.Event()
    house.double.held_screens.append(on_its_way)
    end(house, "task-1")
    await house.double.change(code_of(house), ended_tasks=("task-1",))
    await until(lambda: len(house.double.asked_for(OpenSession)) == 2)
    end(house, "task-2")
    await house.double.change(code_of(house), ended_tasks=("task-2",))
    await page.evaluate("new Promise((done) => setTimeout(done, 100))")  # the announcement arrives first
    on_its_way.set()
    await expect(page.locator("#daMainQuestion")).to_have_text("All have ended")


async def test_without_a_live_connection_each_end_is_noticed_by_asking(house: House, page: Page) -> None:
    await page.route_web_socket("**/ws", lambda socket: socket.close())
    await waiting(house, page)
    assert house.double.asked_for(CheckIn)[0].awaited == ("task-1", "task-2")
    for task, shown in (("task-1", "Waiting for task-2"), ("task-2", "All have ended")):
        end(house, task)
        await expect(page.locator("#daMainQuestion")).to_have_text(shown)


async def test_a_screen_does_not_reload_while_its_form_is_sent_nor_after_it(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:reloading.yml")
    house.double.pause = asyncio.Event()
    await page.get_by_label("Food").fill("soup")
    await page.get_by_role("button", name="Continue").click()
    await until(lambda: house.double.asked_for(SubmitAnswers))
    shown_before = len(house.double.asked_for(OpenSession))
    await page.evaluate("new Promise((done) => setTimeout(done, 1500))")  # the screen would have reloaded by now
    assert len(house.double.asked_for(OpenSession)) == shown_before
    house.double.pause.set()
    await expect(page.locator("#daMainQuestion")).to_have_text("Enjoy your soup!")
    await page.evaluate("new Promise((done) => setTimeout(done, 1500))")
    assert len(house.double.asked_for(OpenSession)) == shown_before
    assert len(house.double.asked_for(SubmitAnswers)) == 1


async def test_a_form_that_could_not_be_sent_leaves_a_screen_that_reloads_again(house: House, page: Page) -> None:
    await page.goto(f"{house.url}/interview?i=test:reloading.yml")
    refusal = {"error": {"reason": "not_allowed", "message": "Not now."}}
    await page.route("**/interview?*", lambda route: route.fulfill(status=403, json=refusal), times=1)
    await page.get_by_label("Food").fill("soup")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.locator("#dabody")).to_contain_text("Not now.")
    before = len(house.double.asked_for(OpenSession))
    await until(lambda: len(house.double.asked_for(OpenSession)) > before)
    await expect(page.get_by_label("Food")).to_have_value("soup")
