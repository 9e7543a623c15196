"""Tasks seen from the session: launch with the answers, the end in one turn, notices, waiting for one's own task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from shared.contracts.envelope import Envelopes
from shared.contracts.events import SessionChanged, TaskRevoked
from shared.contracts.scheduler import ScheduleAction
from shared.contracts.session import BackgroundEnded, BackgroundsEnded, BrowserCommand, EndedTask, TurnReply
from shared.contracts.visitor import UserFacts
from shared.contracts.worker import RunTask, RunTaskLow
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from tests.fault.rig import Browser, Rig, new_visitor, running_rig, shown
from tests.put_back import Kept, kept, put_back


@pytest.fixture
async def rig(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> AsyncIterator[Rig]:
    async with running_rig(postgres_url, redis_url, server_keys, has_worker=True) as running:
        yield running


async def ended(rig: Rig, task_id: str) -> str:
    """The state of a task once it has ended."""
    while True:
        row = await rig.database.fetchrow("select state, ended_at from tasks.tasks where id = $1", task_id)
        assert row is not None
        if row["ended_at"] is not None:
            return str(row["state"])
        await asyncio.sleep(0.005)


async def launch(browser: Browser, task: dict[str, Any], **words: Any) -> str:
    reply = await browser.submit(launch="work", task=task, **words)
    return str(shown(reply)["task"])


def commands(reply: TurnReply) -> list[BrowserCommand]:
    assert reply.commands is not None
    return list(reply.commands.value)


async def test_a_task_is_committed_with_the_answers_and_rung(
    postgres_url: str, redis_url: str, server_keys: ServerKeys
) -> None:
    async with running_rig(postgres_url, redis_url, server_keys, has_worker=False) as rig:
        browser = Browser(rig.bus)
        await browser.open()
        task_id = await launch(browser, {"token": "x"})
        low_id = await launch(browser, {"token": "x"}, low="yes")
        await rig.settle()
        assert [message.task_id for message in rig.heard.of(RunTask)] == [task_id]
        assert [message.task_id for message in rig.heard.of(RunTaskLow)] == [low_id]
        state = await rig.database.fetchval("select state from tasks.tasks where id = $1", task_id)
        assert state == "pending"


async def test_a_refused_run_launches_nothing(browser: Browser, rig: Rig) -> None:
    await browser.open()
    before = await rig.count("tasks.tasks")
    await browser.submit(launch="work", task={}, fail="no luck")
    assert await rig.count("tasks.tasks") == before


async def test_a_run_that_is_done_again_launches_once(browser: Browser, rig: Rig) -> None:
    opened = await browser.open()
    slow = asyncio.create_task(browser.submit(token="slow", sleep="0.3", launch="work", task={"token": "x"}))
    await asyncio.sleep(0.1)
    await rig.move_on(opened.session_id, browser.visitor)
    await slow
    rows = await rig.database.fetch("select id from tasks.tasks where session_id = $1", opened.session_id)
    assert len(rows) == 1


async def test_a_value_ends_the_task_and_leaves_the_answers(browser: Browser, rig: Rig) -> None:
    await browser.open()
    task_id = await launch(browser, {"token": "x"})
    assert await ended(rig, task_id) == "succeeded"
    assert (await browser.open()).version == 2
    fetched = await browser.submit(fetch=task_id)
    assert shown(fetched)["fetched"] == "x"


async def test_a_response_action_writes_into_the_newest_step(browser: Browser, rig: Rig) -> None:
    await browser.open()
    task_id = await launch(browser, {"response_action": {"token": "from-task"}})
    assert await ended(rig, task_id) == "succeeded"
    reply = await browser.open()
    assert (reply.steps, shown(reply)["log"]) == (2, ["from-task"])


async def test_many_response_actions_build_on_each_other(browser: Browser, rig: Rig) -> None:
    await browser.open()
    ids = [await launch(browser, {"response_action": {"token": f"t{number}"}}) for number in range(8)]
    for task_id in ids:
        await ended(rig, task_id)
    assert sorted(await browser.log()) == [f"t{number}" for number in range(8)]


async def test_an_error_action_is_saved_and_the_task_has_failed(browser: Browser, rig: Rig) -> None:
    await browser.open()
    task_id = await launch(browser, {"fail": "broken", "error_action": {"token": "sorry"}})
    assert await ended(rig, task_id) == "failed"
    assert await browser.log() == ["sorry"]


async def test_a_response_action_that_fails_saves_nothing_and_fails_the_task(browser: Browser, rig: Rig) -> None:
    await browser.open()
    task_id = await launch(browser, {"response_action": {"token": "x", "fail": "second phase"}})
    assert await ended(rig, task_id) == "failed"
    assert await browser.log() == []


async def test_a_task_ends_after_its_visitor_has_gone(browser: Browser, rig: Rig) -> None:
    """The task opens the session with its own grant, which is gone when it has ended."""
    opened = await browser.open()
    task_id = await launch(browser, {"sleep": 0.2, "response_action": {"token": "later"}})
    await rig.database.execute("delete from session.wraps where session_id = $1", opened.session_id)
    assert await ended(rig, task_id) == "succeeded"
    assert await rig.database.fetchval("select count(*) from tasks.grants where task_id = $1", task_id) == 0


async def test_a_task_that_outlives_the_end_of_sharing_still_writes(browser: Browser, rig: Rig) -> None:
    await browser.open()
    await browser.submit(multi_user="on")
    task_id = await launch(browser, {"sleep": 0.3, "response_action": {"token": "late"}})
    await browser.submit(multi_user="off")
    assert await ended(rig, task_id) == "succeeded"
    assert await browser.log() == ["late"]


async def test_a_result_that_waits_while_sharing_ends_is_written_with_the_new_key(browser: Browser, rig: Rig) -> None:
    """It had its keys before, and has to fetch the new one when its turn has come."""
    opened = await browser.open()
    await browser.submit(multi_user="on")
    task_id = await launch(browser, {"sleep": 0.1, "response_action": {"token": "late"}})
    await browser.submit(multi_user="off", sleep="0.7")
    assert await ended(rig, task_id) == "succeeded"
    assert await browser.log() == ["late"]
    keys = "select count(distinct generation) from session.steps where session_id = $1"
    assert await rig.database.fetchval(keys, opened.session_id) == 2


async def test_the_end_of_a_task_delivered_twice_counts_once(browser: Browser, rig: Rig) -> None:
    opened = await browser.open()
    task_id = await launch(browser, {"response_action": {"token": "once"}}, mode="flash")
    await ended(rig, task_id)
    fencing = await rig.database.fetchval("select fencing from tasks.tasks where id = $1", task_id)
    message = BackgroundEnded(task_id=task_id, session_id=opened.session_id, fencing=fencing)
    envelopes = Envelopes("tests", SystemClock())
    await rig.bus.publish([envelopes.wrap(message), envelopes.wrap(message)])
    assert await browser.log() == ["once"]
    assert len(commands(await browser.check_in())) == 1


async def test_the_ends_of_tasks_come_in_one_message_and_may_come_twice(browser: Browser, rig: Rig) -> None:
    opened = await browser.open()
    tasks = []
    for token in ("a", "b"):
        task_id = await launch(browser, {"response_action": {"token": token}}, mode="flash")
        await ended(rig, task_id)
        fencing = await rig.database.fetchval("select fencing from tasks.tasks where id = $1", task_id)
        tasks.append(EndedTask(task_id=task_id, session_id=opened.session_id, fencing=fencing))
    message = BackgroundsEnded(tasks=tuple(tasks))
    rig.heard.messages.clear()
    await rig.bus.publish([Envelopes("tests", SystemClock()).wrap(message)])
    assert await browser.log() == ["a", "b"]
    assert len(commands(await browser.check_in())) == 2
    told = {task_id for changed in rig.heard.of(SessionChanged) for task_id in changed.ended_tasks}
    assert told == {task.task_id for task in tasks}


@pytest.mark.parametrize(
    ("mode", "task", "value"),
    [
        ("flash", {"token": "The answer is 555."}, "The answer is 555."),
        ("javascript", {"token": "alert(1)"}, "alert(1)"),
        ("refresh", {"token": "not shown"}, None),
        ("flash", {"response_action": {"token": "from the response action"}}, "from the response action"),
        ("refresh", {"fail": "broken"}, None),
        ("fields", {"token": {"state": {"choices": {"1": "One"}}}}, {"state": {"choices": [["1", "One"]]}}),
    ],
)
async def test_the_page_is_told_once_it_checks_in(
    browser: Browser, rig: Rig, mode: str, task: dict[str, Any], value: object
) -> None:
    await browser.open()
    await ended(rig, await launch(browser, task, mode=mode))
    (command,) = commands(await browser.check_in())
    assert (command.extra, command.value) == (mode, value)
    assert command.notice is not None


async def test_a_failure_without_a_value_flashes_nothing(browser: Browser, rig: Rig) -> None:
    await browser.open()
    await ended(rig, await launch(browser, {"fail": "broken"}, mode="flash"))
    assert commands(await browser.check_in()) == []


async def test_a_notice_comes_until_it_is_acknowledged(browser: Browser, rig: Rig) -> None:
    await browser.open()
    await ended(rig, await launch(browser, {"token": "x"}, mode="flash"))
    (first,) = commands(await browser.check_in())
    (again,) = commands(await browser.check_in())
    assert first == again
    assert first.notice is not None
    assert commands(await browser.check_in(acknowledged=[first.notice])) == []
    assert commands(await browser.check_in()) == []


@pytest.mark.parametrize("how", ["as it was", "after it was tidied away", "under a later number"])
async def test_a_notice_that_somebody_puts_back_is_not_carried_out_again(browser: Browser, rig: Rig, how: str) -> None:
    await browser.open()
    await ended(rig, await launch(browser, {"token": "x"}, mode="flash"))
    (told,) = commands(await browser.check_in())
    assert told.notice is not None
    copy = await kept(rig.database, "session.notices", "id = $1", told.notice)
    assert commands(await browser.check_in(acknowledged=[told.notice])) == []
    if how != "as it was":
        await rig.database.execute("delete from session.notices where id = $1", told.notice)
    if how == "under a later number":
        copy = Kept(
            copy.table, [orjson.dumps({**orjson.loads(row), "id": told.notice + 1000}).decode() for row in copy.rows]
        )
    await put_back(rig.database, copy)
    assert commands(await browser.check_in()) == []
    assert commands(await browser.check_in(after=told.notice)) == []


async def test_notices_come_in_the_order_of_launch_whichever_task_ended_first(browser: Browser, rig: Rig) -> None:
    """spec/area1 §11.3."""
    await browser.open()
    ended_first, ended_last = [await launch(browser, {"token": token}, mode="flash") for token in ("x", "y")]
    for task_id in (ended_first, ended_last):
        await ended(rig, task_id)
    later = "update tasks.tasks set launched_at = launched_at + interval '1 hour' where id = $1"
    await rig.database.execute(later, ended_first)
    reply = await browser.check_in()
    assert [command.task for command in commands(reply)] == [ended_last, ended_first]
    assert reply.notices_up_to == max(command.notice or 0 for command in commands(reply))


async def test_a_notice_is_for_whoever_launched_the_task(browser: Browser, rig: Rig) -> None:
    await browser.open()
    await browser.submit(multi_user="on")
    await ended(rig, await launch(browser, {"token": "x"}, mode="flash"))
    other = browser.joined_by(new_visitor("t2"))
    assert commands(await other.check_in()) == []
    assert len(commands(await browser.check_in())) == 1


async def test_who_signs_in_after_the_launch_is_told_all_the_same(browser: Browser, rig: Rig) -> None:
    await browser.open()
    await ended(rig, await launch(browser, {"token": "x"}, mode="flash"))
    account = UserFacts(is_anonymous=False, is_authenticated=True, the_user_id="7")
    for former, told in (("", 0), (browser.visitor.user.the_user_id, 1)):
        user = account.model_copy(update={"former_id": former})
        page = browser.joined_by(browser.visitor.model_copy(update={"user": user}))
        assert len(commands(await page.check_in())) == told


async def test_a_notice_is_sealed(browser: Browser, rig: Rig) -> None:
    await browser.open()
    await ended(rig, await launch(browser, {"token": "private words"}, mode="flash"))
    rows = await rig.database.fetch("select payload_sealed from session.notices")
    assert rows
    assert all(b"private words" not in row["payload_sealed"] for row in rows)


async def test_a_check_in_names_the_tasks_a_screen_waited_for(browser: Browser, rig: Rig) -> None:
    await browser.open()
    task_id = await launch(browser, {"token": "x"})
    await ended(rig, task_id)
    assert (await browser.check_in()).ended_tasks == (task_id,)


@pytest.mark.parametrize("code", [{}, {"token": "seen"}], ids=["look", "with check-in code"])
async def test_a_page_is_told_of_each_task_it_waits_for_also_when_another_one_was_saved_since(
    browser: Browser, rig: Rig, code: dict[str, str]
) -> None:
    await browser.open()
    first = await launch(browser, {"token": "x"})
    second = await launch(browser, {"response_action": {"token": "y"}})
    for task_id in (first, second):
        await ended(rig, task_id)
    stranger = Browser(rig.bus, visitor=new_visitor("t2"))
    await stranger.open()
    of_somebody_else = await launch(stranger, {"token": "x"})
    await ended(rig, of_somebody_else)
    awaited = (first, second, of_somebody_else, "no id")
    assert (await browser.check_in(awaited=awaited, **code)).ended_tasks == (first, second)
    assert (await browser.check_in(awaited=(first,), **code)).ended_tasks == (first,)


async def test_the_end_of_a_task_is_announced(browser: Browser, rig: Rig) -> None:
    await browser.open()
    task_id = await launch(browser, {"token": "x"})
    await ended(rig, task_id)
    while not any(task_id in event.ended_tasks for event in rig.heard.of(SessionChanged)):
        await asyncio.sleep(0.005)


async def test_a_revoked_task_is_over_and_its_worker_is_told(browser: Browser, rig: Rig) -> None:
    await browser.open()
    task_id = await launch(browser, {"sleep": 0.5, "response_action": {"token": "never"}})
    await browser.submit(revoke=task_id)
    assert await ended(rig, task_id) == "revoked"
    await rig.settle()
    assert [event.task_id for event in rig.heard.of(TaskRevoked)] == [task_id]
    await asyncio.sleep(0.6)
    assert await browser.log() == []


async def test_deleting_a_session_ends_its_tasks(browser: Browser, rig: Rig) -> None:
    await browser.open()
    task_id = await launch(browser, {"sleep": 0.3, "token": "x"})
    await browser.end("delete")
    await rig.settle()
    assert [event.task_id for event in rig.heard.of(TaskRevoked)] == [task_id]
    assert await rig.database.fetchval("select count(*) from tasks.tasks where id = $1", task_id) == 0


async def test_a_task_may_end_its_session(browser: Browser, rig: Rig) -> None:
    await browser.open()
    await launch(browser, {"ends_session": True})
    while (await browser.open(may_create=False)).kind != "missing":
        await asyncio.sleep(0.01)


async def test_waiting_for_a_task_of_this_very_turn_gives_its_result(browser: Browser, rig: Rig) -> None:
    await browser.open()
    reply = await browser.submit(**{"launch": "work", "task": {"token": "x"}, "await": "yes"})
    assert shown(reply)["awaited"] == "succeeded"
    assert await rig.database.fetchval("select count(*) from tasks.tasks where id = $1", shown(reply)["task"]) == 1


async def test_waiting_for_a_task_that_needs_the_session_is_refused_in_a_sentence(browser: Browser) -> None:
    await browser.open()
    task = {"response_action": {"token": "x"}}
    reply = await browser.submit(**{"launch": "work", "task": task, "await": "yes"})
    assert reply.problem is not None
    assert "background_response_action" in reply.problem.value.message


async def test_while_a_turn_waits_for_its_task_others_may_work(browser: Browser, rig: Rig) -> None:
    await browser.open()
    waiting = asyncio.create_task(
        browser.submit(**{"token": "w", "launch": "work", "task": {"sleep": 0.5}, "await": "yes"})
    )
    await asyncio.sleep(0.15)
    other = await browser.submit(token="o")
    assert not other.overtaken
    assert not waiting.done()
    await waiting
    assert await browser.log() == ["o", "w"]


async def test_a_timer_is_committed_for_the_scheduler(browser: Browser, rig: Rig) -> None:
    opened = await browser.open()
    await browser.submit(timer="remind_me")
    await rig.settle()
    (message,) = rig.heard.of(ScheduleAction)
    assert (message.session_id, message.action) == (opened.session_id, "remind_me")
