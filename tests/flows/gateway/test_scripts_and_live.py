"""What the modules in the browser ask for: ajax answers, check-ins, variables, and the live connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from shared.contracts.base import Sealed
from shared.contracts.session import BrowserCommand, CheckIn, PerformAction, SessionCommand, TurnReply
from tests.flows.gateway.conftest import Visitor
from tests.flows.gateway.house import House
from tests.flows.gateway.session_double import action, encoded, raw


async def test_an_ajax_post_is_answered_with_the_new_inside_of_the_page(visitor: Visitor) -> None:
    await visitor.open()
    answer = await visitor.post(visitor.fields() | {encoded("user.name"): "Ann", "ajax": "1"})
    said = answer.json()
    assert said["action"] == "body"
    assert "Hello, Ann!" in said["body"]
    assert "<html" not in said["body"]
    assert said["steps"] == 2
    assert said["allow_going_back"] is True
    for name in ("extra_scripts", "extra_css", "browser_title", "lang", "bodyclass", "reload_after", "livehelp",
                 "csrf_token", "do_action", "message_log", "id_dict"):  # fmt: skip
        assert name in said


async def test_a_raw_response_to_a_script_is_fetched_by_the_browser_without_another_run(
    house: House, visitor: Visitor, somebody_else: Visitor
) -> None:
    await visitor.open()
    await somebody_else.open()
    house.double.replies.append(raw("text", "text/csv", 201))
    said = (await visitor.post(visitor.fields() | {"_action": action("tell"), "ajax": "1"})).json()
    assert said["action"] == "redirect"
    fetched = await visitor.http.get(said["url"])
    assert (fetched.status_code, fetched.text) == (201, "text")
    assert fetched.headers["content-type"].startswith("text/csv")
    assert len(house.double.asked_for(PerformAction)) == 1
    assert (await somebody_else.http.get(said["url"])).status_code == 404, "it is for the browser that asked"
    assert (await visitor.http.get("/answer?c=made-up")).status_code == 404
    house.double.replies.append(raw("plain"))
    assert (await visitor.post(visitor.fields())).text == "plain", "a browser without scripts gets it at once"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (SessionCommand(name="leave", url="/list"), {"action": "redirect", "url": "/list"}),
        (SessionCommand(name="refresh"), {"action": "refresh"}),
        (SessionCommand(name="wait", sleep_seconds=2.0), {"action": "wait", "sleep": 2.0}),
    ],
)
async def test_commands_of_interviews_reach_scripts(
    house: House, visitor: Visitor, command: SessionCommand, said: dict[str, Any]
) -> None:
    await visitor.open()
    house.double.replies.append(TurnReply(kind="command", command=Sealed(command)))
    assert (await visitor.post(visitor.fields() | {"ajax": "1"})).json() == said


async def test_a_check_in_carries_action_values_and_acknowledgements(house: House, visitor: Visitor) -> None:
    await visitor.open("test:checking.yml")
    house.double.commands = [BrowserCommand(value="Done.", extra="flash", notice=3)]
    answer = await visitor.http.post(
        "/checkin?i=test:checking.yml",
        data={
            "action": "checkin",
            "csrf_token": str(visitor.facts["csrf_token"]),
            "_session": str(visitor.facts["session"]),
            "checkinCode": "0.4711",
            "do_action": "look_at_food",
            "parameters": '{"food":"soup","_initial":false,"_changed":"food"}',
            "acknowledged": "1,2",
        },
    )
    assert answer.json()["success"] is True
    assert answer.json()["checkin_code"] == "0.4711"
    assert answer.json()["commands"] == [{"value": "Done.", "extra": "flash", "notice": 3}]
    asked = house.double.asked_for(CheckIn)[0]
    assert asked.call.value.action == "look_at_food"
    assert asked.call.value.arguments == {"food": "soup", "_initial": False, "_changed": "food"}
    assert asked.acknowledged == (1, 2)


async def test_a_check_in_of_a_session_that_is_gone_reloads_the_page(house: House, visitor: Visitor) -> None:
    await visitor.open()
    facts = visitor.facts
    house.double.sessions.clear()
    fields = {"csrf_token": str(facts["csrf_token"]), "_session": str(facts["session"])}
    answer = await visitor.http.post("/checkin?i=test:names.yml", data=fields)
    assert answer.json() == {"success": True, "action": "reload"}


async def test_the_owner_reads_the_variables_and_a_stranger_does_not(visitor: Visitor, somebody_else: Visitor) -> None:
    await visitor.open()
    await visitor.post(visitor.fields() | {encoded("user.name"): "Ann"})
    said = (await visitor.http.get("/vars?i=test:names.yml")).json()
    assert said["success"] is True
    assert said["variables"] == {"user.name": "Ann"}
    refused = await somebody_else.http.get("/vars?i=test:names.yml")
    assert refused.status_code == 404
    assert refused.json()["success"] is False


@contextlib.asynccontextmanager
async def live(house: House, visitor: Visitor, **headers: str) -> AsyncIterator[ClientConnection]:
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.http.cookies.items())
    address = house.url.replace("http", "ws") + "/ws"
    async with connect(address, additional_headers={"cookie": cookies, **headers}) as socket:
        yield socket


async def say_hello(socket: ClientConnection, facts: dict[str, object]) -> None:
    await socket.send(orjson.dumps({"type": "watch", "token": facts["watch"], "version": facts["version"]}).decode())


async def heard(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(5):
        said: dict[str, Any] = orjson.loads(await socket.recv())
    return said


async def test_a_page_is_told_when_its_session_changes_by_ids_only(house: House, visitor: Visitor) -> None:
    await visitor.open()
    async with live(house, visitor) as socket:
        await say_hello(socket, visitor.facts)
        assert await heard(socket) == {"type": "watching", "beat_seconds": 60.0}
        await house.double.change(str(visitor.facts["session"]), ended_tasks=("task-1",), has_notices=True)
        said = await heard(socket)
    assert said == {
        "type": "changed",
        "version": 2,
        "operation": "",
        "cause": "task",
        "ended_tasks": ["task-1"],
        "notices": True,
    }


async def test_a_page_that_comes_late_is_told_what_it_missed(house: House, visitor: Visitor) -> None:
    await visitor.open()
    await house.double.change(str(visitor.facts["session"]), ended_tasks=("task-1",))
    async with live(house, visitor) as socket:
        await say_hello(socket, visitor.facts)
        await heard(socket)
        assert (await heard(socket))["ended_tasks"] == ["task-1"]


async def test_other_sessions_are_not_heard(house: House, visitor: Visitor, somebody_else: Visitor) -> None:
    await visitor.open()
    await somebody_else.open()
    async with live(house, visitor) as socket:
        await say_hello(socket, visitor.facts)
        await heard(socket)
        await house.double.change(str(somebody_else.facts["session"]), operation_id="theirs")
        await house.double.change(str(visitor.facts["session"]), operation_id="mine")
        assert (await heard(socket))["operation"] == "mine"


async def test_a_token_of_another_browser_opens_no_live_connection(
    house: House, visitor: Visitor, somebody_else: Visitor
) -> None:
    await visitor.open()
    await somebody_else.open()
    async with live(house, somebody_else) as socket:
        await say_hello(socket, visitor.facts)
        with pytest.raises(ConnectionClosed) as closed:
            await heard(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4403


async def test_a_page_of_another_site_gets_no_live_connection(house: House, visitor: Visitor) -> None:
    await visitor.open()
    async with live(house, visitor, origin="https://evil.example") as socket:
        with pytest.raises(ConnectionClosed):
            await heard(socket)


async def test_health_and_metrics_are_there(house: House, visitor: Visitor) -> None:
    assert (await visitor.http.get("/health/live")).json() == {"live": True}
    ready = await visitor.http.get("/health/ready")
    assert ready.status_code == 200, ready.text
    assert "colloquy_http_seconds_count" in (await visitor.http.get("/metrics")).text
