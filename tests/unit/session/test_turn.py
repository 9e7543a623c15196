"""Turns on real parts: what each operation does to the steps, and what a second delivery gets."""

from __future__ import annotations

import asyncio

import pytest

from shared.bus.port import RequestRefused
from shared.contracts.base import Sealed
from shared.contracts.events import SessionChanged
from shared.contracts.session import ActionDone, NamedAction, RunAction
from shared.crypto.keys import ServerKeys
from shared.kernel.ids import new_id
from tests.fault.rig import Browser, Rig, new_visitor, running_rig, shown


async def test_opening_makes_a_session_with_one_step(browser: Browser) -> None:
    reply = await browser.open()
    assert reply.kind == "screen"
    assert (reply.created, reply.version, reply.steps) == (True, 1, 1)
    assert shown(reply)["log"] == []


async def test_a_session_that_may_not_be_made_is_missing(browser: Browser) -> None:
    assert (await browser.open(may_create=False)).kind == "missing"


async def test_without_a_code_the_visitor_gets_one_that_stays_with_the_operation(browser: Browser) -> None:
    browser.code = ""
    operation_id = new_id()
    first = await browser.open(operation_id=operation_id)
    second = await browser.open(operation_id=operation_id)
    assert len(first.session_code.value) == 32
    assert first.session_code == second.session_code


async def test_a_code_of_another_shape_is_refused(browser: Browser) -> None:
    browser.code = "../../etc/passwd"
    with pytest.raises(RequestRefused) as refused:
        await browser.open()
    assert refused.value.error == "BadSessionCode"


async def test_reloading_shows_the_same_and_saves_nothing(browser: Browser) -> None:
    await browser.open()
    await browser.submit(token="a")
    reply = await browser.open()
    assert (reply.created, reply.version, reply.steps) == (False, 2, 2)
    assert shown(reply)["log"] == ["a"]


async def test_a_form_post_is_a_further_step(browser: Browser) -> None:
    await browser.open()
    reply = await browser.submit(token="a")
    assert (reply.steps, shown(reply)["log"]) == (2, ["a"])


async def test_a_form_of_an_old_step_is_still_taken(browser: Browser) -> None:
    await browser.open()
    await browser.submit(token="a")
    reply = await browser.submit(token="b", step=1)
    assert shown(reply)["log"] == ["a", "b"]


async def test_a_refused_form_is_saved_over_the_newest_step(browser: Browser) -> None:
    await browser.open()
    reply = await browser.submit(invalid="yes", token="typed")
    assert (reply.kind, reply.steps, reply.version) == ("screen", 1, 2)


async def test_back_drops_the_newest_step(browser: Browser) -> None:
    await browser.open()
    await browser.submit(token="a")
    await browser.submit(token="b")
    reply = await browser.back()
    assert (reply.steps, shown(reply)["log"]) == (2, ["a"])
    assert await browser.log() == ["a"]


async def test_back_takes_away_what_was_written_into_the_newest_step_since(browser: Browser) -> None:
    await browser.open()
    await browser.submit(token="a")
    await browser.check_in(token="b")
    assert shown(await browser.back())["log"] == []


async def test_back_on_the_first_step_shows_it_again(browser: Browser) -> None:
    await browser.open()
    reply = await browser.back()
    assert (reply.kind, reply.steps) == ("screen", 1)


async def test_back_pressed_on_an_old_step_shows_the_current_screen(browser: Browser) -> None:
    await browser.open()
    await browser.submit(token="a")
    await browser.submit(token="b")
    reply = await browser.back(step=2)
    assert (reply.steps, shown(reply)["log"]) == (3, ["a", "b"])


async def test_an_action_is_a_further_step(browser: Browser) -> None:
    await browser.open()
    assert (await browser.act(token="a")).steps == 2


async def test_a_read_only_action_saves_nothing(browser: Browser) -> None:
    await browser.open()
    reply = await browser.act(token="a", is_read_only=True)
    assert shown(reply)["log"] == ["a"]
    assert await browser.log() == []


async def test_a_check_in_writes_into_the_newest_step(browser: Browser) -> None:
    await browser.open()
    reply = await browser.check_in(token="a")
    assert (reply.kind, reply.steps, reply.version) == ("check_in", 1, 2)
    assert reply.commands is not None
    assert [command.value for command in reply.commands.value] == [1]


async def test_a_check_in_without_code_runs_nothing(browser: Browser, rig: Rig) -> None:
    await browser.open()
    runs = rig.evaluator.runs  # type: ignore[attr-defined]
    reply = await browser.check_in()
    assert reply.kind == "check_in"
    assert rig.evaluator.runs == runs  # type: ignore[attr-defined]


async def test_variables_are_read_and_written(browser: Browser) -> None:
    await browser.open()
    assert (await browser.write(token="a")).steps == 2
    assert (await browser.write(token="b", is_new_step=False)).steps == 2
    assert await browser.log() == ["a", "b"]


async def test_restarting_goes_on_with_fresh_answers_under_the_same_code(browser: Browser, rig: Rig) -> None:
    await browser.open()
    await browser.submit(token="a")
    reply = await browser.end("restart", step=2)
    assert (reply.kind, reply.steps, shown(reply)["log"]) == ("screen", 1, [])
    assert await browser.log() == []


async def test_a_restart_button_does_the_same(browser: Browser) -> None:
    await browser.open()
    await browser.submit(token="a")
    reply = await browser.submit(restart="yes")
    assert (reply.kind, reply.steps, shown(reply)["log"]) == ("screen", 1, [])


async def test_restart_pressed_on_an_old_step_shows_the_current_screen(browser: Browser) -> None:
    await browser.open()
    await browser.submit(token="a")
    assert shown(await browser.end("restart", step=1))["log"] == ["a"]


async def test_resetting_starts_anew_under_the_same_code(browser: Browser) -> None:
    await browser.open()
    await browser.submit(token="a")
    reply = await browser.open(reset=True)
    assert (reply.steps, shown(reply)["log"]) == (1, [])


async def test_deleting_leaves_nothing(browser: Browser, rig: Rig) -> None:
    reply = await browser.open()
    await browser.submit(token="a")
    await browser.end("delete")
    assert (await browser.open(may_create=False)).kind == "missing"
    for table in ("session.sessions", "session.steps", "session.wraps", "session.inbox"):
        column = "id" if table == "session.sessions" else "session_id"
        assert not await rig.database.fetch(f"select 1 from {table} where {column} = $1", reply.session_id)


async def test_deleting_twice_is_deleting_once(browser: Browser) -> None:
    await browser.open()
    first, second = await browser.end("delete"), await browser.end("delete")
    assert first.command is not None
    assert first.command == second.command


async def test_an_exit_button_delivered_twice_gets_the_same_answer(browser: Browser) -> None:
    await browser.open()
    message = browser.post(exit="yes")
    first, second = await browser.send(message), await browser.send(message)
    assert first.command is not None
    assert first.command.value.url == "https://example.org/"
    assert second == first


async def test_a_session_made_anew_under_a_deleted_code_is_another_one(browser: Browser) -> None:
    await browser.open()
    await browser.submit(token="a")
    await browser.end("delete")
    reply = await browser.open()
    assert (reply.created, shown(reply)["log"]) == (True, [])


async def test_a_failed_run_saves_nothing_and_says_what_failed(browser: Browser) -> None:
    await browser.open()
    reply = await browser.submit(token="a", fail="no luck")
    assert reply.problem is not None
    assert reply.problem.value.message == "no luck"
    assert await browser.log() == []


async def test_a_run_past_its_limit_is_a_problem(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> None:
    async with running_rig(postgres_url, redis_url, server_keys, interactive_limit_seconds=0.1) as rig:
        browser = Browser(rig.bus)
        await browser.open()
        reply = await browser.submit(token="a", sleep="30")
        assert reply.problem is not None
        assert "longer than it may" in reply.problem.value.message
        assert await browser.log() == []


async def test_a_second_delivery_gets_the_first_outcome(browser: Browser) -> None:
    await browser.open()
    message = browser.post(token="a")
    first = await browser.send(message)
    await browser.submit(token="b")
    assert await browser.send(message) == first
    assert await browser.log() == ["a", "b"]


async def test_two_deliveries_at_once_do_it_once(browser: Browser) -> None:
    await browser.open()
    message = browser.post(token="a", sleep="0.05")
    first, second = await asyncio.gather(browser.send(message), browser.send(message))
    assert first == second
    assert await browser.log() == ["a"]


async def test_the_stored_outcome_is_sealed(browser: Browser, rig: Rig) -> None:
    await browser.open()
    reply = await browser.submit(token="secret-answer")
    for sql in (
        "select outcome_sealed from session.inbox where session_id = $1",
        "select data from session.steps where session_id = $1",
        "select header_sealed from session.sessions where id = $1",
        "select code_sealed from session.sessions where id = $1",
    ):
        for row in await rig.database.fetch(sql, reply.session_id):
            assert b"secret-answer" not in row[0]
            assert browser.code.encode() not in row[0]


async def test_many_posts_at_once_are_all_there(browser: Browser) -> None:
    await browser.open()
    tokens = [f"t{number}" for number in range(30)]
    replies = await asyncio.gather(*(browser.submit(token=token) for token in tokens))
    assert sorted(await browser.log()) == sorted(tokens)
    assert sorted(reply.steps for reply in replies) == list(range(2, 32))


async def test_whoever_waits_too_long_goes_on_and_nothing_is_lost(
    postgres_url: str, redis_url: str, server_keys: ServerKeys
) -> None:
    async with running_rig(postgres_url, redis_url, server_keys, lock_wait_seconds=0.2) as rig:
        browser = Browser(rig.bus)
        await browser.open()
        slow = asyncio.create_task(browser.submit(token="slow", sleep="1.0"))
        await asyncio.sleep(0.1)
        fast = await browser.submit(token="fast")
        assert fast.overtaken
        assert not slow.done()
        assert shown(fast)["log"] == ["fast"]
        assert shown(await slow)["log"] == ["fast", "slow"]


async def test_the_third_attempt_is_not_overtaken(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> None:
    """A slow turn that keeps losing against quick ones gets through."""
    async with running_rig(postgres_url, redis_url, server_keys, lock_wait_seconds=0.1) as rig:
        browser = Browser(rig.bus)
        await browser.open()
        slow = asyncio.create_task(browser.submit(token="slow", sleep="0.5"))
        quick = 0
        while not slow.done():
            await browser.submit(token="quick")
            quick += 1
        log = await browser.log()
        assert log.count("slow") == 1
        assert log.count("quick") == quick
        assert rig.evaluator.runs <= quick + 5  # type: ignore[attr-defined]


async def test_other_pages_are_told(browser: Browser, rig: Rig) -> None:
    opened = await browser.open()
    await browser.submit(token="a")
    while len(rig.heard.of(SessionChanged)) < 2:
        await asyncio.sleep(0.005)
    event = rig.heard.of(SessionChanged)[-1]
    assert (event.session_id, event.version, event.cause) == (opened.session_id, 2, "answers")


async def test_an_action_nobody_waits_for_needs_a_session_the_server_may_open(browser: Browser, rig: Rig) -> None:
    opened = await browser.open()

    async def run(token: str) -> ActionDone:
        message = RunAction(
            operation_id=new_id(),
            session_id=opened.session_id,
            call=Sealed(NamedAction(action="append", arguments={"token": token})),
            visitor=Sealed(new_visitor().model_copy(update={"keys": ()})),
        )
        return await rig.bus.request(message, ActionDone, timeout_seconds=10)

    refused = await run("a")
    assert refused.status == "refused"
    assert "multi_user" in refused.detail
    await browser.submit(multi_user="on")
    assert (await run("b")).status == "done"
    assert await browser.log() == ["b"]


async def test_an_unknown_reference_is_refused_by_name(rig: Rig, browser: Browser) -> None:
    message = browser.post(token="a").model_copy(update={"interview": "no-colon"})
    with pytest.raises(RequestRefused) as refused:
        await browser.send(message)
    assert refused.value.error == "BadInterviewReference"


async def test_sessions_with_the_same_code_in_two_interviews_are_two(browser: Browser) -> None:
    await browser.open()
    message = browser.post(token="a").model_copy(update={"interview": "tests:other.yml"})
    assert (await browser.send(message)).kind == "missing"


async def test_resetting_a_session_that_others_take_part_in_leaves_it_to_them(browser: Browser) -> None:
    await browser.open()
    await browser.submit(token="a", multi_user="on")
    other = browser.joined_by(new_visitor("t2"))
    await other.submit(token="b")
    message = browser.opening(reset=True)
    reply = await browser.send(message)
    assert reply.session_code.value != browser.code
    assert (reply.steps, shown(reply)["log"]) == (1, [])
    assert await other.log() == ["a", "b"]
    assert (await browser.send(message)).session_code == reply.session_code


async def test_a_reset_that_is_delivered_twice_begins_one_session_also_when_the_door_has_closed(
    browser: Browser,
) -> None:
    await browser.open()
    await browser.submit(token="a", multi_user="on")
    other = browser.joined_by(new_visitor("t2"))
    await other.submit(token="b", multi_user="off")
    message = other.opening(reset=True)
    first = await browser.send(message)
    assert first.session_code.value != other.code
    assert await browser.send(message) == first
