"""Who can open a session, and what turning `multi_user` on and off does (DESIGN §7, Keys)."""

from __future__ import annotations

import base64

from services.session import store
from services.session.keys import SessionKeys
from shared.contracts.visitor import KeyHolder, Visitor
from shared.crypto.envelope import public_key_of
from shared.kernel.ids import SessionId, random_bytes
from tests.fault.rig import Browser, Rig, new_visitor, shown


def with_user_key(visitor: Visitor, user: str = "7") -> Visitor:
    """The same visitor after logging in: the cookie's key and the user's."""
    key = base64.b64encode(random_bytes(32)).decode()
    return visitor.model_copy(update={"keys": (*visitor.keys, KeyHolder(holder=f"user:{user}", key=key))})


async def holders(rig: Rig, session_id: str) -> list[tuple[str, int]]:
    rows = await rig.database.fetch(
        "select holder, generation from session.wraps where session_id = $1 order by generation, holder", session_id
    )
    return [(row["holder"].partition(":")[0], row["generation"]) for row in rows]


async def test_only_the_visitor_holds_a_key(browser: Browser, rig: Rig) -> None:
    reply = await browser.open()
    assert await holders(rig, reply.session_id) == [("cookie", 1)]


async def test_somebody_else_with_the_code_is_locked_out(browser: Browser) -> None:
    await browser.open()
    await browser.submit(token="a")
    stranger = browser.joined_by(new_visitor("t2"))
    assert (await stranger.open()).kind == "locked_out"
    assert (await stranger.submit(token="b")).kind == "locked_out"
    assert (await stranger.read()).kind == "locked_out"


async def test_a_wrong_key_under_the_right_name_is_locked_out(browser: Browser) -> None:
    await browser.open()
    key = base64.b64encode(random_bytes(32)).decode()
    thief = browser.visitor.model_copy(update={"keys": (KeyHolder(holder=browser.visitor.keys[0].holder, key=key),)})
    assert (await browser.joined_by(thief).open()).kind == "locked_out"


async def test_a_locked_out_visitor_is_not_given_a_new_session_under_the_code(browser: Browser) -> None:
    await browser.open()
    stranger = browser.joined_by(new_visitor("t2"))
    assert (await stranger.open(reset=True)).kind == "locked_out"
    assert (await stranger.end("delete")).kind == "locked_out"


async def test_who_logs_in_gets_a_wrap_and_later_needs_no_cookie(browser: Browser) -> None:
    await browser.open()
    await browser.submit(token="a")
    logged_in = with_user_key(browser.visitor)
    await browser.joined_by(logged_in).open()
    elsewhere = logged_in.model_copy(update={"keys": logged_in.keys[1:]})
    assert shown(await browser.joined_by(elsewhere).open())["log"] == ["a"]


async def test_a_shared_session_is_open_to_all_who_know_the_code(browser: Browser, rig: Rig) -> None:
    await browser.open()
    await browser.submit(token="a", multi_user="on")
    other = browser.joined_by(new_visitor("t2"))
    reply = await other.submit(token="b")
    assert reply.is_multi_user
    assert shown(reply)["log"] == ["a", "b"]
    assert await holders(rig, reply.session_id) == [("cookie", 1), ("server", 1)]


async def test_shared_answers_are_still_sealed(browser: Browser, rig: Rig) -> None:
    reply = await browser.open()
    await browser.submit(token="a-shared-answer", multi_user="on")
    rows = await rig.database.fetch("select data from session.steps where session_id = $1", reply.session_id)
    assert all(b"a-shared-answer" not in row["data"] for row in rows)


async def test_turning_sharing_off_closes_the_session_to_others(browser: Browser, rig: Rig) -> None:
    await browser.open()
    await browser.submit(token="a", multi_user="on")
    other = browser.joined_by(new_visitor("t2"))
    await other.open()
    reply = await browser.submit(token="b", multi_user="off")
    assert not reply.is_multi_user
    assert (await other.open()).kind == "locked_out", "who has only looked takes no part"
    assert shown(await browser.open())["log"] == ["a", "b"]
    assert await holders(rig, reply.session_id) == [("cookie", 1), ("cookie", 2)]


async def test_who_takes_part_keeps_the_session_when_another_turns_sharing_off(browser: Browser, rig: Rig) -> None:
    await browser.open()
    await browser.submit(token="a", multi_user="on")
    other = browser.joined_by(with_user_key(new_visitor("t2")))
    await other.submit(token="b")
    reply = await browser.submit(token="c", multi_user="off")
    assert shown(await other.submit(token="d"))["log"] == ["a", "b", "c", "d"]
    assert shown(await other.back())["log"] == ["a", "b", "c"]
    assert (await browser.joined_by(new_visitor("t3")).open()).kind == "locked_out"
    assert await holders(rig, reply.session_id) == [("cookie", 1), ("user", 1), ("cookie", 2), ("user", 2)]


async def test_what_is_saved_after_sharing_is_closed_to_the_server(browser: Browser, rig: Rig) -> None:
    await browser.open()
    await browser.submit(token="a", multi_user="on")
    await browser.joined_by(new_visitor("t2")).submit(token="b")
    reply = await browser.submit(token="c", multi_user="off")
    stored = await store.load(rig.database, SessionId(reply.session_id), holders=())
    assert stored is not None
    assert SessionKeys(server_keys=rig.server_keys).open(stored, ()) is None


async def test_somebody_who_puts_a_public_key_into_the_table_gets_nothing(browser: Browser, rig: Rig) -> None:
    first = await browser.open()
    await browser.submit(token="a", multi_user="on")
    thief = new_visitor("t2")
    public = public_key_of(base64.b64decode(thief.keys[0].key), session_id=first.session_id)
    await rig.database.execute(
        "insert into session.public_keys values ($1, $2, $3)", first.session_id, thief.keys[0].holder, public
    )
    await browser.submit(token="b", multi_user="off")
    assert (await browser.joined_by(thief).open()).kind == "locked_out"
    assert shown(await browser.open())["log"] == ["a", "b"]


async def test_sharing_on_and_off_again_keeps_everybody(browser: Browser) -> None:
    await browser.open()
    await browser.submit(token="a", multi_user="on")
    other = browser.joined_by(new_visitor("t2"))
    await other.submit(token="b", multi_user="off")
    assert shown(await browser.submit(token="c", multi_user="on"))["log"] == ["a", "b", "c"]
    await browser.submit(token="d", multi_user="off")
    assert shown(await other.open())["log"] == ["a", "b", "c", "d"]


async def test_back_works_across_generations(browser: Browser) -> None:
    await browser.open()
    await browser.submit(token="a", multi_user="on")
    await browser.submit(token="b", multi_user="off")
    await browser.submit(token="c")
    assert shown(await browser.back())["log"] == ["a", "b"]


async def test_whoever_turns_sharing_off_keeps_the_session_and_so_does_who_made_it(browser: Browser) -> None:
    await browser.open()
    await browser.submit(token="a", multi_user="on")
    other = browser.joined_by(new_visitor("t2"))
    await other.submit(token="b", multi_user="off")
    assert shown(await other.open())["log"] == ["a", "b"]
    assert shown(await browser.open())["log"] == ["a", "b"]


async def test_many_steps_are_stored_as_what_changed(browser: Browser, rig: Rig) -> None:
    reply = await browser.open()
    big = base64.b64encode(random_bytes(30_000)).decode()
    await browser.submit(payload=big)
    for number in range(5):
        await browser.submit(token=f"t{number}")
    sizes = [
        row["size"]
        for row in await rig.database.fetch(
            "select length(data) as size from session.steps where session_id = $1 order by step", reply.session_id
        )
    ]
    assert sizes[1] > 20_000
    assert all(size < 1_000 for size in sizes[2:])
    assert shown(await browser.back())["log"] == ["t0", "t1", "t2", "t3"]


async def test_steps_can_be_taken_back_across_many_key_steps(browser: Browser) -> None:
    await browser.open()
    for number in range(40):
        await browser.submit(token=str(number))
    for number in reversed(range(39)):
        assert shown(await browser.back())["log"] == [str(each) for each in range(number + 1)]
