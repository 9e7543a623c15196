"""Results of one session that wait for each other are taken in as one turn, as if they had come one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.session.checkpoint import Moment
from shared.contracts.envelope import Envelopes
from shared.contracts.session import BackgroundEnded
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import SessionId
from tests.fault.append_engine import AppendEvaluator
from tests.fault.rig import Browser, Rig, running_rig, shown
from tests.unit.session.test_background import commands, ended, launch


class Gate:
    """Holds turns at a moment once it is closed."""

    def __init__(self) -> None:
        self.moment: Moment | None = None
        self.reached_it, self.goes_on = asyncio.Event(), asyncio.Event()

    async def reached(self, moment: Moment, session_id: SessionId) -> None:
        if moment == self.moment:
            self.reached_it.set()
            await self.goes_on.wait()

    def close(self, moment: Moment) -> None:
        self.moment = moment
        self.reached_it.clear()
        self.goes_on.clear()

    def open(self) -> None:
        self.moment = None
        self.goes_on.set()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def rig(postgres_url: str, redis_url: str, server_keys: ServerKeys, gate: Gate) -> AsyncIterator[Rig]:
    async with running_rig(postgres_url, redis_url, server_keys, has_worker=True, checkpoint=gate) as running:
        yield running


async def end_at_once(browser: Browser, rig: Rig, gate: Gate, *responses: dict[str, Any], **facts: Any) -> list[str]:
    """Tasks whose response actions wait for each other until all are there; gives their states, in this order."""
    ids = [await launch(browser, {"sleep": 0.6, "response_action": words}, **facts) for words in responses]
    gate.close("loaded")
    await all_wait(rig, ids)
    gate.open()
    return [await ended(rig, task_id) for task_id in ids]


async def all_wait(rig: Rig, ids: list[str]) -> None:
    """Until the first phase of each has ended, and the session has heard of it."""
    running = "select count(*) from tasks.tasks where id = any($1::uuid[]) and state in ('pending', 'running')"
    while await rig.database.fetchval(running, ids):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)


async def test_they_are_saved_together_and_each_builds_on_the_one_before(
    browser: Browser, rig: Rig, gate: Gate
) -> None:
    before = await browser.open()
    states = await end_at_once(browser, rig, gate, *({"token": f"t{number}"} for number in range(6)), mode="flash")
    assert states == ["succeeded"] * 6
    assert sorted(await browser.log()) == [f"t{number}" for number in range(6)]
    after = await browser.open()
    turns = after.version - before.version - 6
    assert turns < 6, "none of them went along with another"
    handled = "select count(*) from session.inbox where session_id = $1 and operation_id like 'task:%'"
    assert await rig.database.fetchval(handled, after.session_id) == 6
    assert sorted(command.value for command in commands(await browser.check_in())) == [f"t{n}" for n in range(6)]


async def test_one_that_fails_among_them_changes_nothing_and_runs_once(browser: Browser, rig: Rig, gate: Gate) -> None:
    await browser.open()
    words = [{"token": "a"}, {"token": "b"}, {"token": "x", "fail": "broken"}, {"token": "c"}]
    assert isinstance(rig.evaluator, AppendEvaluator)
    runs_before = rig.evaluator.runs
    states = await end_at_once(browser, rig, gate, *words)
    assert states == ["succeeded", "succeeded", "failed", "succeeded"]
    assert rig.evaluator.runs - runs_before == len(words) + len(words), "as many launches as response actions"
    assert sorted(await browser.log()) == ["a", "b", "c"]


async def test_one_that_changes_more_than_answers_is_saved_by_itself(browser: Browser, rig: Rig, gate: Gate) -> None:
    await browser.open()
    words = [{"token": "a"}, {"token": "b", "multi_user": "on"}, {"token": "c"}, {"token": "d", "restart": "yes"}]
    assert await end_at_once(browser, rig, gate, *words) == ["succeeded"] * 4
    reply = await browser.open()
    assert reply.is_multi_user
    assert set(await browser.log()) >= {"a", "b", "c"}


async def test_who_was_overtaken_comes_again_and_counts_once(browser: Browser, rig: Rig, gate: Gate) -> None:
    opened = await browser.open()
    ids = [await launch(browser, {"sleep": 0.2, "response_action": {"token": f"t{number}"}}) for number in range(4)]
    gate.close("evaluated")
    await gate.reached_it.wait()
    await rig.move_on(opened.session_id, browser.visitor)
    gate.open()
    assert [await ended(rig, task_id) for task_id in ids] == ["succeeded"] * 4
    assert sorted(await browser.log()) == [f"t{number}" for number in range(4)]


async def test_one_that_looks_at_the_tasks_before_it_sees_them_ended(browser: Browser, rig: Rig, gate: Gate) -> None:
    await browser.open()
    words = [{"token": f"t{number}", "look": "yes"} for number in range(4)]
    assert await end_at_once(browser, rig, gate, *words) == ["succeeded"] * 4
    shown_last = shown(await browser.open())
    assert shown_last["seen"] == ["succeeded"] * 6
    assert len(shown_last["log"]) == 4


async def test_one_whose_own_grant_opens_nothing_does_not_go_along_with_others(
    browser: Browser, rig: Rig, gate: Gate
) -> None:
    await browser.open()
    await browser.submit(multi_user="on")
    ids = [await launch(browser, {"sleep": 0.6, "response_action": {"token": f"t{number}"}}) for number in range(3)]
    await browser.submit(multi_user="off")
    newest = "select max(generation) from tasks.grants where task_id = any($1::uuid[])"
    taken = f"delete from tasks.grants where task_id = $2 and generation = ({newest})"
    await rig.database.execute(taken, ids, ids[1])
    gate.close("loaded")
    await all_wait(rig, ids)
    gate.open()
    assert [await ended(rig, task_id) for task_id in ids] == ["succeeded", "failed", "succeeded"]
    assert sorted(await browser.log()) == ["t0", "t2"]


async def test_one_that_is_revoked_while_it_waits_is_left_out(browser: Browser, rig: Rig, gate: Gate) -> None:
    await browser.open()
    ids = [await launch(browser, {"sleep": 0.6, "response_action": {"token": f"t{number}"}}) for number in range(3)]
    gate.close("loaded")
    await all_wait(rig, ids)
    revoke = "update tasks.tasks set state = 'revoked', ended_at = now() where id = $1"
    await rig.database.execute(revoke, ids[1])
    gate.open()
    assert [await ended(rig, task_id) for task_id in ids] == ["succeeded", "revoked", "succeeded"]
    assert sorted(await browser.log()) == ["t0", "t2"]


async def test_one_that_is_told_of_again_while_it_waits_counts_once(browser: Browser, rig: Rig, gate: Gate) -> None:
    opened = await browser.open()
    ids = [await launch(browser, {"sleep": 0.6, "response_action": {"token": f"t{number}"}}) for number in range(3)]
    gate.close("loaded")
    await all_wait(rig, ids)
    rows = await rig.database.fetch("select id::text as id, fencing from tasks.tasks where id = any($1::uuid[])", ids)
    again = [BackgroundEnded(task_id=row["id"], session_id=opened.session_id, fencing=row["fencing"]) for row in rows]
    envelopes = Envelopes("tests", SystemClock())
    second = asyncio.ensure_future(rig.bus.publish([envelopes.wrap(message) for message in again]))
    await asyncio.sleep(0.2)
    gate.open()
    await second
    assert [await ended(rig, task_id) for task_id in ids] == ["succeeded"] * 3
    await rig.bus.publish([envelopes.wrap(message) for message in again])
    await rig.settle()
    assert sorted(await browser.log()) == [f"t{number}" for number in range(3)]
    handled = "select count(*) from session.inbox where session_id = $1 and operation_id like 'task:%'"
    assert await rig.database.fetchval(handled, opened.session_id) == 3
