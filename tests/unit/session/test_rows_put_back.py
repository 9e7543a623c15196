"""Rows of a session that somebody put back as they were before are refused, each by itself (shared/crypto/chain.py)."""

from __future__ import annotations

from typing import Any, cast

import pytest

from services.session import store
from services.session.keys import SessionKeys
from services.session.operations import Request
from services.session.outcomes import Turned
from services.session.reaching import Reaching
from shared.contracts.base import Sealed
from shared.contracts.session import ActionDone, NamedAction, RunAction
from shared.contracts.visitor import UserFacts, Visitor
from shared.crypto.answers import seal_step
from shared.crypto.chain import RowPutBack
from shared.interview.errors import HostRefused
from shared.interview.runtime.session_calls import ReachSession
from shared.kernel.ids import SessionId, new_id
from tests.fault.rig import Browser, Rig, new_visitor, shown
from tests.put_back import Kept, kept, put_back


async def copied(rig: Rig, table: str, session_id: str, condition: str = "true") -> Kept:
    named = "id" if table == "session.sessions" else "session_id"
    return await kept(rig.database, table, f"{named} = $1 and {condition}", session_id)


async def is_refused(browser: Browser) -> bool:
    """An error for whoever opens it, and nobody can go on with it."""
    for attempt in (browser.read(), browser.submit(token="on")):
        with pytest.raises(Exception, match="RowPutBack"):
            await attempt
    return True


async def test_the_newest_step_as_it_was_before_it_was_written_over(rig: Rig, browser: Browser) -> None:
    session_id = (await browser.open()).session_id
    await browser.submit(token="a")
    before = await copied(rig, "session.steps", session_id, "step = 2")
    await browser.check_in(token="meanwhile")
    await put_back(rig.database, before)
    assert await is_refused(browser)


async def test_a_step_that_was_taken_back_in_the_place_of_the_one_given_instead(rig: Rig, browser: Browser) -> None:
    session_id = (await browser.open()).session_id
    await browser.submit(token="a")
    before = await copied(rig, "session.steps", session_id, "step = 2")
    await browser.back()
    await browser.submit(token="b")
    await put_back(rig.database, before)
    assert await is_refused(browser)


async def test_a_step_that_was_taken_back_after_the_newest_one(rig: Rig, browser: Browser) -> None:
    session_id = (await browser.open()).session_id
    await browser.submit(token="a")
    before = await copied(rig, "session.steps", session_id, "step = 2")
    await browser.back()
    await put_back(rig.database, before)
    assert await is_refused(browser)


async def test_an_older_step_shows_when_somebody_goes_back_to_it(rig: Rig, browser: Browser) -> None:
    session_id = (await browser.open()).session_id
    await browser.submit(token="a")
    before = await copied(rig, "session.steps", session_id, "step = 2")
    await browser.check_in(token="meanwhile")
    await browser.submit(token="b")
    await put_back(rig.database, before)
    with pytest.raises(Exception, match="RowPutBack"):
        await browser.back()


async def test_the_row_of_the_session(rig: Rig, browser: Browser) -> None:
    session_id = (await browser.open()).session_id
    before = await copied(rig, "session.sessions", session_id)
    await browser.submit(token="a")
    await put_back(rig.database, before)
    assert await is_refused(browser)


async def test_the_row_of_the_session_from_before_the_newest_step_was_written_over(rig: Rig, browser: Browser) -> None:
    session_id = (await browser.open()).session_id
    await browser.submit(token="a")
    before = await copied(rig, "session.sessions", session_id)
    await browser.check_in(token="meanwhile")
    await put_back(rig.database, before)
    assert await is_refused(browser)


@pytest.mark.parametrize(
    "change",
    ["multi_user = not multi_user", "allow_cron = not allow_cron", "version = version + 1", "rows_mac = null",
     "header_sealed = null", "steps = steps - 1"],
)  # fmt: skip
async def test_a_column_of_the_sessions_row(rig: Rig, browser: Browser, change: str) -> None:
    session_id = (await browser.open()).session_id
    await browser.submit(token="a")
    await rig.database.execute(f"update session.sessions set {change} where id = $1", session_id)
    assert await is_refused(browser)


async def test_what_says_which_step_came_before(rig: Rig, browser: Browser) -> None:
    session_id = (await browser.open()).session_id
    await browser.submit(token="a")
    await rig.database.execute(
        "update session.steps set previous_mac = null where session_id = $1 and step = 2", session_id
    )
    assert await is_refused(browser)


async def test_the_servers_key_from_while_the_session_was_shared(rig: Rig, browser: Browser) -> None:
    session_id = (await browser.open()).session_id
    await browser.submit(token="a", multi_user="on")
    shared = await copied(rig, "session.wraps", session_id, "holder = 'server'")
    await browser.submit(token="b", multi_user="off")
    await put_back(rig.database, shared)
    assert (await browser.joined_by(new_visitor("t2")).open()).kind == "locked_out"
    assert shown(await browser.open())["log"] == ["a", "b"]


async def test_a_key_for_what_the_author_allows_no_longer(rig: Rig, browser: Browser) -> None:
    session_id = (await browser.open()).session_id
    await browser.submit(unattended=["timers"])
    allowed = await copied(rig, "session.wraps", session_id, "holder = 'unattended:timers'")
    await browser.submit(unattended=[])
    await put_back(rig.database, allowed)
    message = RunAction(
        operation_id=new_id(),
        session_id=session_id,
        call=Sealed(NamedAction(action="append", arguments={"token": "timers"})),
        visitor=Sealed(Visitor()),
        unattended="timers",
    )
    assert (await rig.bus.request(message, ActionDone, timeout_seconds=20)).status == "refused"


async def test_all_rows_put_back_together_are_the_session_as_it_was(rig: Rig, browser: Browser) -> None:
    """What SECURITY.md says is not found out: there is no witness outside of the session's own rows."""
    session_id = (await browser.open()).session_id
    await browser.submit(token="a")
    copies = [await copied(rig, table, session_id) for table in ("session.sessions", "session.steps")]
    await browser.submit(token="b")
    await rig.database.execute("delete from session.steps where session_id = $1 and step > 2", session_id)
    for each in copies:
        await put_back(rig.database, each)
    assert await browser.log() == ["a"]


async def as_saved_by_a_release_without_the_chain(
    rig: Rig, browser: Browser, session_id: str, step: int, *, keeps_row: bool = False
) -> None:
    """The newest step and the row of the session, sealed as they were before there was a chain.

    With `keeps_row` what the session's row says of its newest step stays, as that release knows nothing of it.
    """
    holders = [holder.holder for holder in browser.visitor.keys]
    stored = await store.load(rig.database, SessionId(session_id), holders=holders)
    assert stored is not None
    keys = SessionKeys(server_keys=rig.server_keys).open(stored, browser.visitor.keys)
    assert keys is not None
    data = seal_step(
        keys.open_step(stored, step),
        data_key=keys.current,
        session_id=session_id,
        step=step,
        version=stored.version,
        generation=keys.generation,
    )
    await rig.database.execute(
        """update session.steps set data = $2, base_step = null, previous_mac = null, version = $4
           where session_id = $1 and step = $3""",
        session_id,
        data,
        step,
        stored.version,
    )
    forgetting = "version = version" if keeps_row else "rows_mac = null"
    await rig.database.execute(f"update session.sessions set {forgetting} where id = $1", session_id)


async def test_what_a_release_without_the_chain_has_saved_goes_on_and_is_held_together_from_then_on(
    rig: Rig, browser: Browser
) -> None:
    session_id = (await browser.open()).session_id
    await browser.submit(token="a")
    await as_saved_by_a_release_without_the_chain(rig, browser, session_id, 2)
    before = await copied(rig, "session.steps", session_id, "step = 2")
    await browser.submit(token="b")
    assert await browser.log() == ["a", "b"]
    assert shown(await browser.back())["log"] == ["a"]
    await put_back(rig.database, before)
    assert await is_refused(browser)


async def test_a_step_of_before_and_none_above_it_goes_back_to_the_first(rig: Rig, browser: Browser) -> None:
    session_id = (await browser.open()).session_id
    await browser.submit(token="a")
    await as_saved_by_a_release_without_the_chain(rig, browser, session_id, 2)
    await browser.check_in(token="b")
    assert await browser.log() == ["a", "b"]
    assert shown(await browser.back())["log"] == []


async def test_who_only_joins_what_such_a_release_has_saved_leaves_it_to_go_on_with_it(
    rig: Rig, browser: Browser
) -> None:
    """A row without a new step says nothing about the newest one, which that release may write over again."""
    session_id = (await browser.open()).session_id
    await browser.submit(multi_user="on", token="a")
    await as_saved_by_a_release_without_the_chain(rig, browser, session_id, 2)
    version = "select version from session.sessions where id = $1"
    before = await rig.database.fetchval(version, session_id)
    account = UserFacts(is_anonymous=False, is_authenticated=True, the_user_id="7")
    other = browser.joined_by(new_visitor("t2").model_copy(update={"user": account}))
    assert await other.log() == ["a"]
    assert await rig.database.fetchval(version, session_id) > before  # the joining was committed
    await as_saved_by_a_release_without_the_chain(rig, browser, session_id, 2, keeps_row=True)
    assert await browser.log() == ["a"]
    assert await other.log() == ["a"]


async def test_code_that_reaches_a_damaged_session_is_told_so_in_a_sentence() -> None:
    """Its own session is sound and goes on."""

    class Damaged:
        async def run(self, request: Request) -> Turned:
            raise RowPutBack(request.session_id)

    reaching = Reaching(mine=cast(Any, None))
    reaching.through(Damaged())
    call = ReachSession(order="read", interview="docs:data/questions/a.yml", code="a" * 32)
    with pytest.raises(HostRefused, match="damaged"):
        await reaching.reach(call, {}, visitor=new_visitor("t1"), own="", operation_id=new_id())
