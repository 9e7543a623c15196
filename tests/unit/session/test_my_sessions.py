"""Whose sessions are whose: signing in in the middle, lists, leaving. On real parts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from services.session import store
from shared.bus.port import RequestRefused
from shared.contracts.base import Sealed
from shared.contracts.session import (
    AdoptedSessions,
    AdoptSessions,
)
from shared.contracts.session_lists import LeaveSessions, LeftSessions, ListSessions, SessionPage
from shared.contracts.visitor import UserFacts, Visitor
from shared.kernel.ids import SessionId
from shared.storage.database import Statements
from tests.fault.rig import Browser, Rig, new_visitor

USERS = iter(range(1000, 100_000))


def signed_in(browser: Browser, user: Visitor | None = None) -> Visitor:
    """The visitor of a browser after signing in; with the key of a user who has signed in elsewhere."""
    if user is None:
        user = new_visitor(str(next(USERS)), holder="user")
    facts = UserFacts(
        is_anonymous=False,
        is_authenticated=True,
        the_user_id=user.user.the_user_id,
        former_id=browser.visitor.user.the_user_id,
    )
    users = tuple(key for key in user.keys if key.holder.startswith("user:"))
    return Visitor(user=facts, keys=(*browser.visitor.keys, *users))


def somebody(rig: Rig) -> Browser:
    return Browser(rig.bus, visitor=new_visitor(f"t{next(USERS)}"))


async def adopt(rig: Rig, visitor: Visitor) -> int:
    return (await rig.bus.request(AdoptSessions(visitor=Sealed(visitor)), AdoptedSessions, timeout_seconds=30)).count


async def listed(rig: Rig, visitor: Visitor, **more: object) -> SessionPage:
    message = ListSessions.model_validate({"visitor": Sealed(visitor), **more})
    return await rig.bus.request(message, SessionPage, timeout_seconds=30)


async def leave(rig: Rig, visitor: Visitor, *ids: str) -> LeftSessions:
    message = LeaveSessions(visitor=Sealed(visitor), session_ids=ids)
    return await rig.bus.request(message, LeftSessions, timeout_seconds=30)


async def test_signing_in_takes_sessions_along_and_other_browsers_can_open_them(rig: Rig) -> None:
    browser = somebody(rig)
    await browser.open()
    await browser.submit(token="before")
    visitor = signed_in(browser)
    assert await adopt(rig, visitor) == 1
    other_browser = browser.joined_by(signed_in(somebody(rig), visitor))
    assert await other_browser.log() == ["before"]
    [entry] = (await listed(rig, other_browser.visitor)).entries.value
    assert (entry.code, entry.is_readable, entry.is_shared) == (browser.code, True, False)


async def test_signing_in_moves_no_version_so_that_a_form_under_way_is_not_refused(rig: Rig) -> None:
    browser = somebody(rig)
    before = await browser.open()
    visitor = signed_in(browser)
    _, posted = await asyncio.gather(adopt(rig, visitor), browser.submit(token="under way"))
    assert posted.version == before.version + 1
    assert await browser.joined_by(visitor).log() == ["under way"]


async def test_a_page_from_before_signing_in_can_still_be_sent(rig: Rig) -> None:
    browser = somebody(rig)
    await browser.open()
    visitor = signed_in(browser)
    await adopt(rig, visitor)
    assert (await browser.submit(token="late")).kind == "screen"
    assert await browser.joined_by(visitor).log() == ["late"]


async def test_a_session_begun_while_signing_in_is_not_lost(rig: Rig) -> None:
    browser = somebody(rig)
    visitor = signed_in(browser)
    assert await adopt(rig, visitor) == 0
    await browser.open()
    later = browser.joined_by(visitor)
    await later.submit(token="mine")
    user_only = visitor.model_copy(update={"keys": visitor.keys[1:]})
    assert await browser.joined_by(user_only).log() == ["mine"]


async def test_the_cookie_of_before_fades(rig: Rig) -> None:
    browser = somebody(rig)
    await browser.open()
    await adopt(rig, signed_in(browser))
    await rig.database.execute("update session.wraps set expires_at = now() where expires_at is not null")
    assert (await browser.open()).kind == "locked_out"


async def test_who_has_joined_and_then_signed_in_keeps_a_session_that_is_shared_no_more(rig: Rig) -> None:
    first = somebody(rig)
    await first.open()
    await first.submit(multi_user="on", token="a")
    joined = first.joined_by(somebody(rig).visitor)
    await joined.submit(token="b")
    user = signed_in(joined)
    assert await adopt(rig, user) == 1
    await first.submit(multi_user="off", token="c")
    elsewhere = joined.joined_by(signed_in(somebody(rig), user))
    assert await elsewhere.log() == ["a", "b", "c"]
    assert (await joined.open()).kind == "locked_out", "the key of the browser before signing in is one no more"


async def test_who_has_left_a_shared_session_gets_no_key_when_sharing_ends(rig: Rig) -> None:
    first = somebody(rig)
    await first.open()
    await first.submit(multi_user="on", token="a")
    visitor = signed_in(somebody(rig))
    second = first.joined_by(visitor)
    await second.submit(token="b")
    await leave(rig, visitor)
    await first.submit(multi_user="off", token="c")
    assert (await second.open()).kind == "locked_out"
    assert await first.log() == ["a", "b", "c"]


async def test_signing_in_opens_nothing_of_other_people(rig: Rig) -> None:
    mine, theirs = somebody(rig), somebody(rig)
    await theirs.open()
    await mine.open()
    visitor = signed_in(mine)
    pretending = visitor.model_copy(
        update={"user": visitor.user.model_copy(update={"former_id": theirs.visitor.user.the_user_id})}
    )
    assert await adopt(rig, pretending) == 0
    assert (await theirs.joined_by(pretending).open(may_create=False)).kind == "locked_out"
    assert (await theirs.open()).kind == "screen"


async def test_nobody_has_a_list_without_signing_in(rig: Rig) -> None:
    browser = somebody(rig)
    for ask in (listed(rig, browser.visitor), leave(rig, browser.visitor), adopt(rig, browser.visitor)):
        with pytest.raises(RequestRefused) as refused:
            await ask
        assert refused.value.error == "NobodyAsks"


async def test_pages_of_a_list_hold_every_session_once_newest_first(rig: Rig) -> None:
    visitor = signed_in(somebody(rig))
    codes = []
    for _ in range(7):
        browser = Browser(rig.bus, visitor=visitor)
        await browser.open()
        codes.append(browser.code)
    found, after = [], ""
    for _ in range(4):
        page = await listed(rig, visitor, limit=2, after=after)
        found += page.entries.value
        after = page.next_after
    assert after == ""
    assert [one.code for one in found] == codes[::-1]
    assert all(first.started_at >= second.started_at for first, second in pairwise(found))


async def test_a_session_whose_key_is_lost_is_listed_without_its_content_and_can_be_left(rig: Rig) -> None:
    visitor = signed_in(somebody(rig))
    browser = Browser(rig.bus, visitor=visitor)
    await browser.open()
    keyless = signed_in(somebody(rig), new_visitor(visitor.user.the_user_id, holder="user"))
    [entry] = (await listed(rig, keyless)).entries.value
    assert (entry.is_readable, entry.code, entry.title) == (False, "", "")
    assert (await leave(rig, keyless, entry.session_id)).count == 1
    assert (await browser.open(may_create=False)).kind == "missing"


async def test_one_leaves_only_what_is_one_s_own(rig: Rig) -> None:
    owner, stranger = signed_in(somebody(rig)), signed_in(somebody(rig))
    browser = Browser(rig.bus, visitor=owner)
    reply = await browser.open()
    assert (await leave(rig, stranger, reply.session_id)).count == 0
    assert (await leave(rig, stranger)).count == 0
    assert (await browser.open(may_create=False)).kind == "screen"


async def test_a_shared_session_stays_for_those_who_take_part(rig: Rig) -> None:
    first, second = signed_in(somebody(rig)), signed_in(somebody(rig))
    mine = Browser(rig.bus, visitor=first)
    await mine.open()
    await mine.submit(multi_user="on", token="a")
    theirs = mine.joined_by(second)
    await theirs.open()
    assert len((await listed(rig, second)).entries.value) == 1
    await mine.end("delete")
    assert (await listed(rig, first)).entries.value == ()
    assert await theirs.log() == ["a"]
    await theirs.end("delete")
    assert (await theirs.open(may_create=False)).kind == "missing"


async def test_all_sessions_are_left_at_once(rig: Rig) -> None:
    visitor = signed_in(somebody(rig))
    for _ in range(5):
        await Browser(rig.bus, visitor=visitor).open()
    left = await leave(rig, visitor)
    assert (left.count, left.has_more) == (5, False)
    assert (await listed(rig, visitor)).entries.value == ()


def just_before_the_commit(monkeypatch: pytest.MonkeyPatch, do: Callable[[], Awaitable[object]]) -> None:
    """The next turn that closes a session has read who takes part when this is done."""
    read, todo = store.public_keys, [do]

    async def read_and_do(statements: Statements, session_id: SessionId) -> dict[str, bytes]:
        found = await read(statements, session_id)
        if todo:
            await todo.pop()()
        return found

    monkeypatch.setattr(store, "public_keys", read_and_do)


async def test_who_signs_in_while_another_one_turns_sharing_off_keeps_the_session(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = somebody(rig)
    await first.open()
    await first.submit(multi_user="on", token="a")
    joined = first.joined_by(somebody(rig).visitor)
    await joined.submit(token="b")
    user = signed_in(joined)
    just_before_the_commit(monkeypatch, lambda: adopt(rig, user))
    await first.submit(multi_user="off", token="c")
    elsewhere = joined.joined_by(signed_in(somebody(rig), user))
    assert await elsewhere.log() == ["a", "b", "c"]
    assert await first.log() == ["a", "b", "c"]


async def test_who_leaves_while_another_one_turns_sharing_off_gets_no_key(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = somebody(rig)
    await first.open()
    await first.submit(multi_user="on", token="a")
    visitor = signed_in(somebody(rig))
    second = first.joined_by(visitor)
    await second.submit(token="b")
    just_before_the_commit(monkeypatch, lambda: leave(rig, visitor))
    await first.submit(multi_user="off", token="c")
    assert (await second.open()).kind == "locked_out"
    assert await first.log() == ["a", "b", "c"]


async def test_of_two_who_leave_at_once_the_last_one_takes_the_session_along(rig: Rig) -> None:
    first, second = signed_in(somebody(rig)), signed_in(somebody(rig))
    mine = Browser(rig.bus, visitor=first)
    reply = await mine.open()
    await mine.submit(multi_user="on", token="a")
    await mine.joined_by(second).open()
    rows = "select 1 from session.attachments where session_id = $1 for update"
    waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with rig.database.transaction() as connection:
        assert len(await connection.fetch(rows, reply.session_id)) == 2
        leaving = [asyncio.create_task(leave(rig, each, reply.session_id)) for each in (first, second)]
        while await rig.database.fetchval(waiting) < 2:
            await asyncio.sleep(0.01)
    assert [(await each).count for each in leaving] == [1, 1]
    assert (await mine.open(may_create=False)).kind == "missing"
