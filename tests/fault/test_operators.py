"""Operators look at tasks and end them over the JSON API; the page that waits is told, and the interview goes on."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.fault.conftest import OPERATOR_TOKEN
from tests.fault.door import Door
from tests.fault.test_worker_crashes import task_of, waiting_page
from tests.sites import Site

pytestmark = [pytest.mark.fault, pytest.mark.timeout(120)]


async def asked(house: Site, path: str, method: str = "GET", token: str = OPERATOR_TOKEN, **query: str) -> Any:
    """Status and body of the answer."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(base_url=house.url, headers=headers, timeout=60) as http:
        answer = await http.request(method, f"/api/tasks{path}", params=query)
        return answer.status_code, answer.json() if "json" in answer.headers["content-type"] else answer.text


async def test_a_running_task_is_found_shown_and_revoked(house: Site, workers: Site, door: Door) -> None:
    door.shut()
    workers.start("worker")
    page = await waiting_page(house, door, "response")
    task = task_of(page)
    await door.visited("response")
    status, lines = await asked(house, "", state="open", action="call_at_door")
    assert (status, [line["id"] for line in lines]) == (200, [task])
    assert lines[0]["interview"] == "faults:data/questions/tasks.yml"
    _, shown = await asked(house, f"/{task}")
    assert [event["what"] for event in shown["events"]] == ["queued", "leased", "begun"]
    assert str(door.port) not in json.dumps(shown)
    async with page.listening_live() as live:
        assert (await asked(house, f"/{task}/revoke", "POST"))[0] == 202
        await page.told(live)
    assert page.text == "failed True, error TaskRevokedError, saved nothing."
    _, shown = await asked(house, f"/{task}")
    assert (shown["state"], shown["events"][-1]["what"]) == ("revoked", "revoked")
    status, refusal = await asked(house, f"/{task}/revoke", "POST")
    assert (status, refusal["error"]) == (409, "TaskIsOver")
    door.open()


async def test_a_task_that_waits_is_rung_for_again_and_runs_once(house: Site, workers: Site, door: Door) -> None:
    page = await waiting_page(house, door, "value")
    task = task_of(page)
    assert (await asked(house, f"/{task}/rerun", "POST"))[0] == 202
    workers.start("worker")
    await page.ended()
    _, shown = await asked(house, f"/{task}")
    assert [event["what"] for event in shown["events"]][:2] == ["queued", "rung again"]
    assert (shown["claims"], door.visits) == (1, {"value": 1})


@pytest.mark.parametrize("token", ["", "a wrong token of the same sort"])
async def test_who_has_no_token_sees_nothing(house: Site, token: str) -> None:
    for path, method in (("", "GET"), ("/x", "GET"), ("/x/revoke", "POST"), ("/x/rerun", "POST")):
        assert (await asked(house, path, method, token=token))[0] == 401


async def test_what_makes_no_sense_is_told_in_a_sentence(house: Site) -> None:
    status, refusal = await asked(house, "/not-an-id")
    assert (status, refusal["message"]) == (400, "The id of a task is a UUID, as the list shows it.")
    assert (await asked(house, "", state="asleep"))[0] == 400
    assert (await asked(house, "/01a1fc35-2182-7205-9116-3bf34e5b282a"))[0] == 404
