"""Sessions that are left while others stay in them: what is kept of it, and whose answers they are then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from shared.contracts.events import SessionChanged
from shared.contracts.session import TurnReply
from shared.crypto.keys import ServerKeys
from shared.people.cron import CRON
from tests.fault.rig import Browser, Rig, new_visitor, running_rig
from tests.unit.session.test_background import ended, launch


@pytest.fixture
async def rig(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> AsyncIterator[Rig]:
    async with running_rig(postgres_url, redis_url, server_keys, has_worker=True) as running:
        yield running


async def shared_by_two(browser: Browser) -> tuple[TurnReply, Browser]:
    """A session that is shared, and the second of those who take part."""
    await browser.open()
    await browser.submit(multi_user="on", token="a")
    other = browser.joined_by(new_visitor("t2"))
    return await other.submit(token="b"), other


async def takes_part(rig: Rig, session_id: str) -> list[str]:
    rows = await rig.database.fetch(
        "select user_id from session.attachments where session_id = $1 order by user_id", session_id
    )
    return [row["user_id"] for row in rows]


@pytest.mark.parametrize(
    "task", [{"ends_session": True}, {"response_action": {"exit": "yes"}}], ids=["by itself", "in its response action"]
)
async def test_a_task_that_ends_a_session_in_which_others_stay_ends(
    browser: Browser, rig: Rig, task: dict[str, Any]
) -> None:
    reply, other = await shared_by_two(browser)
    task_id = await launch(browser, {"sleep": 0.1, **task})
    assert await ended(rig, task_id) == "succeeded"
    assert await other.log() == ["a", "b"]
    assert await takes_part(rig, reply.session_id) == ["t2"]
    await rig.settle()
    assert any(task_id in event.ended_tasks for event in rig.heard.of(SessionChanged))
    assert (await other.check_in(awaited=(task_id,))).ended_tasks == (task_id,)
    assert await rig.database.fetchval("select count(*) from tasks.grants where task_id = $1", task_id) == 0


@pytest.mark.parametrize(
    "task", [{"ends_session": True}, {"response_action": {"exit": "yes"}}], ids=["by itself", "in its response action"]
)
async def test_a_task_of_the_cron_account_ends_the_session_for_everybody(
    browser: Browser, rig: Rig, task: dict[str, Any]
) -> None:
    reply, other = await shared_by_two(browser)
    cron = new_visitor("77")
    cron = cron.model_copy(update={"keys": (), "user": cron.user.model_copy(update={"roles": (CRON,)})})
    await browser.joined_by(cron).submit(launch="work", task=orjson.dumps(task).decode())
    while await rig.database.fetchval("select count(*) from session.sessions where id = $1", reply.session_id):
        rig.relay.wake()
        await rig.settle()
    assert (await other.open(may_create=False)).kind == "missing"
    assert await rig.database.fetchval("select count(*) from tasks.tasks where session_id = $1", reply.session_id) == 0


async def test_who_leaves_twice_by_one_click_gets_the_same_answer(browser: Browser, rig: Rig) -> None:
    reply, other = await shared_by_two(browser)
    message = browser.post(exit="yes")
    first, second = await browser.send(message), await browser.send(message)
    assert first.command is not None
    assert second == first
    assert await takes_part(rig, reply.session_id) == ["t2"]
    assert await rig.database.fetchval(
        "select count(*) from session.inbox where operation_id = $1", message.operation_id
    )
    assert await other.log() == ["a", "b"]
