"""Sessions that are opened while nobody is there: shared ones, and those whose author allows it (DESIGN §7)."""

from __future__ import annotations

from shared.contracts.base import Sealed
from shared.contracts.session import ActionDone, NamedAction, RunAction, Unattended
from shared.contracts.visitor import Visitor
from shared.kernel.ids import new_id
from tests.fault.rig import Browser, Rig, new_visitor, shown


async def begun(browser: Browser, *allowed: str) -> str:
    """A session whose author allows this; its internal id."""
    reply = await browser.open()
    await browser.submit(unattended=list(allowed))
    return reply.session_id


async def run(rig: Rig, session_id: str, why: Unattended, visitor: Visitor | None = None) -> ActionDone:
    message = RunAction(
        operation_id=new_id(),
        session_id=session_id,
        call=Sealed(NamedAction(action="append", arguments={"token": why})),
        visitor=Sealed(visitor or Visitor()),
        unattended=why,
    )
    return await rig.bus.request(message, ActionDone, timeout_seconds=20)


async def test_an_encrypted_session_stays_closed_and_it_is_said_what_would_open_it(rig: Rig, browser: Browser) -> None:
    done = await run(rig, await begun(browser), "cron")
    assert done.status == "refused"
    assert "multi_user" in done.detail
    assert "allow_unattended()" in done.detail


async def test_it_opens_for_what_the_author_allows_and_for_nothing_else(rig: Rig, browser: Browser) -> None:
    session_id = await begun(browser, "mail", "timers")
    assert (await run(rig, session_id, "cron")).status == "refused"
    assert (await run(rig, session_id, "actions")).status == "refused"
    assert (await run(rig, session_id, "mail")).status == "done"
    assert (await run(rig, session_id, "timers")).status == "done"
    assert await browser.log() == ["mail", "timers"]


async def test_it_stays_closed_to_other_people(rig: Rig, browser: Browser) -> None:
    await begun(browser, "cron", "mail", "timers", "actions")
    assert (await browser.joined_by(new_visitor("t2")).open()).kind == "locked_out"


async def test_keys_that_a_message_brings_along_open_nothing_while_nobody_is_there(rig: Rig, browser: Browser) -> None:
    session_id = await begun(browser, "mail")
    assert (await run(rig, session_id, "cron", browser.visitor)).status == "refused"


async def test_a_wrap_under_another_name_opens_nothing(rig: Rig, browser: Browser) -> None:
    session_id = await begun(browser, "mail")
    renamed = "update session.wraps set holder = 'unattended:cron' where session_id = $1 and holder = 'unattended:mail'"
    await rig.database.execute(renamed, session_id)
    assert (await run(rig, session_id, "cron")).status == "refused"
    assert await browser.log() == []


async def test_a_wrap_that_was_changed_opens_nothing_and_takes_nothing_from_its_owner(
    rig: Rig, browser: Browser
) -> None:
    session_id = await begun(browser, "mail")
    changed = "update session.wraps set wrapped = set_byte(wrapped, 40, get_byte(wrapped, 40) # 1)"
    await rig.database.execute(f"{changed} where session_id = $1 and holder = 'unattended:mail'", session_id)
    assert (await run(rig, session_id, "mail")).status == "refused"
    assert (await browser.submit(token="mine")).kind == "screen"


async def test_a_changed_wrap_of_a_shared_session_closes_it_to_those_who_hold_no_other(
    rig: Rig, browser: Browser
) -> None:
    reply = await browser.open()
    await browser.submit(multi_user="on")
    changed = "update session.wraps set wrapped = set_byte(wrapped, 40, get_byte(wrapped, 40) # 1)"
    await rig.database.execute(f"{changed} where session_id = $1 and holder = 'server'", reply.session_id)
    assert (await browser.joined_by(new_visitor("t2")).open()).kind == "locked_out"
    assert (await browser.open()).kind == "screen"


async def test_a_shared_session_opens_for_everything(rig: Rig, browser: Browser) -> None:
    reply = await browser.open()
    await browser.submit(multi_user="on")
    assert (await run(rig, reply.session_id, "mail")).status == "done"


async def test_it_can_be_taken_back(rig: Rig, browser: Browser) -> None:
    session_id = await begun(browser, "cron", "mail")
    await browser.submit(unattended=["mail"])
    assert (await run(rig, session_id, "cron")).status == "refused"
    assert (await run(rig, session_id, "mail")).status == "done"


async def test_back_takes_away_what_the_dropped_step_had_allowed(rig: Rig, browser: Browser) -> None:
    session_id = await begun(browser, "cron")
    await browser.back()
    assert (await run(rig, session_id, "cron")).status == "refused"


async def test_it_goes_on_after_sharing_is_turned_off(rig: Rig, browser: Browser) -> None:
    session_id = await begun(browser, "cron")
    await browser.submit(multi_user="on")
    await browser.submit(multi_user="off")
    assert (await run(rig, session_id, "mail")).status == "refused"
    assert (await run(rig, session_id, "cron")).status == "done"
    assert shown(await browser.open())["log"] == ["cron"]
