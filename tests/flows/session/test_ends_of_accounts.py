"""The end of an account, by hand or because nobody uses it; what goes with a session, what stays (spec/area2 §2.9)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
import pytest_asyncio

from shared.contracts.session import RunSweep
from shared.contracts.session_lists import DeleteAccount, DeletedAccount
from shared.contracts.visitor import KeyHolder, UserFacts, Visitor
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.stores.links import LinkExpired, Links
from tests.fault.rig import new_visitor
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player

pytestmark = pytest.mark.asyncio(loop_scope="module")

_NUMBERS = itertools.count(40_001)
_ACCOUNT = """
insert into people.accounts (id, email, email_key, privileges, created_at, last_login_at)
overriding system value values ($1, $2, $2, $3::text[], $4, $5)
"""
_LONG_AGO, _LATELY = timedelta(days=31), timedelta(days=29)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> AsyncIterator[House]:
    async with running_house(postgres_url, redis_url, server_keys, 2, user_delete_days=30) as running:
        yield running


async def person(
    house: House, *, made: timedelta = _LATELY, seen: timedelta | None = None, privileges: tuple[str, ...] = ("user",)
) -> Visitor:
    """Somebody with an account that was made so long ago."""
    number, now = next(_NUMBERS), SystemClock().now()
    last_login = None if seen is None else now - seen
    await house.database.execute(_ACCOUNT, number, f"p{number}@example.org", list(privileges), now - made, last_login)
    facts = UserFacts(is_anonymous=False, is_authenticated=True, the_user_id=str(number))
    return Visitor(user=facts, keys=(KeyHolder(holder=f"user:{number}.1", key=new_visitor().keys[0].key),))


async def opened(house: House, visitor: Visitor, name: str = "stores", code: str = "") -> Player:
    player = Player(house, name, visitor, code)
    await player.open()
    return player


async def delete(house: House, visitor: Visitor, *, for_all: bool = False) -> DeletedAccount:
    message = DeleteAccount(account_id=int(visitor.user.the_user_id), for_all=for_all)
    return await house.bus.request(message, DeletedAccount, timeout_seconds=30)


async def is_there(house: House, visitor: Visitor) -> bool:
    found = await house.database.fetchval(
        "select count(*) from people.accounts where id = $1", int(visitor.user.the_user_id)
    )
    return bool(found)


async def kept_for(house: House, visitor: Visitor) -> tuple[int, int]:
    """How many values, and how many keys of them, are kept for somebody."""
    scope = f"user {visitor.user.the_user_id}"
    values = await house.database.fetchval("select count(*) from stores.entries where scope = $1", scope)
    keys = await house.database.fetchval("select count(*) from stores.scope_keys where scope = $1", scope)
    return values, keys


async def shared_with(house: House, owner: Visitor, other: Visitor) -> tuple[str, Player]:
    """The code of a session of the owner in which another person takes part, and what that one sees."""
    player = await opened(house, owner, "outside")
    code = await player.act("create", shared="yes")
    return code, await opened(house, other, "inside", code)


async def test_with_an_account_goes_what_interviews_keep_for_it(house: House) -> None:
    owner, other = await person(house), await person(house)
    for visitor in (owner, other):
        player = await opened(house, visitor)
        await player.act("shelf_set", key="word", value="mine")
        assert await kept_for(house, visitor) == (1, 1)
    of_all = await opened(house, owner, "stores")
    assert await of_all.act("of_base", base="interview", value="of all") == [False, "of all"]
    assert await delete(house, owner) == DeletedAccount()
    assert not await is_there(house, owner)
    assert await kept_for(house, owner) == (0, 0)
    assert await kept_for(house, other) == (1, 1)
    assert (await (await opened(house, other)).act("of_base", base="interview"))[1] == "of all"


@pytest.mark.parametrize("for_all", [False, True])
async def test_sessions_that_others_take_part_in_end_only_if_that_is_asked_for(house: House, for_all: bool) -> None:
    owner, other = await person(house), await person(house)
    alone = await opened(house, owner)
    _, joined = await shared_with(house, owner, other)
    assert await delete(house, owner, for_all=for_all) == DeletedAccount()
    await alone.open()
    assert alone.reply.created
    await joined.check_in()
    stays = await house.database.fetchval(
        "select count(*) from session.sessions where id = $1", joined.reply.session_id
    )
    assert stays == (0 if for_all else 1)


async def test_the_last_administrator_stays_with_all_sessions(house: House) -> None:
    await house.database.execute("update people.accounts set privileges = '{user}' where 'admin' = any(privileges)")
    root = await person(house, privileges=("admin",))
    player = await opened(house, root)
    assert "last account that may administer" in (await delete(house, root)).problem
    assert await is_there(house, root)
    await player.check_in()
    assert await house.database.fetchval("select 1 from session.sessions where id = $1", player.reply.session_id)


async def test_accounts_that_nobody_uses_are_deleted_by_day_and_others_are_not(house: House) -> None:
    gone = [await person(house, made=_LONG_AGO), await person(house, made=3 * _LONG_AGO, seen=_LONG_AGO)]
    idle = await opened(house, gone[0])
    stay = [
        await person(house, made=_LATELY),
        await person(house, made=_LONG_AGO, seen=_LATELY),
        await person(house, made=_LONG_AGO, privileges=("user", "advocate")),
        await person(house, made=_LONG_AGO),
        await person(house, made=_LONG_AGO),
    ]
    await opened(house, stay[3])  # a session of theirs was changed just now
    await house.database.execute(
        "insert into people.api_keys (key_hash, account_id, name, last_four, created_at, last_used_at) "
        "values ($1, $2, 'a program', 'abcd', now(), now())",
        b"hash",
        int(stay[4].user.the_user_id),
    )
    for player in (idle,):
        await house.database.execute(
            "update session.sessions set modified_at = $2 where id = $1",
            player.reply.session_id,
            SystemClock().now() - _LONG_AGO,
        )
    await house.send(RunSweep(fire_id=new_id(), cron_type="cron_daily"))
    await until(lambda: _none_of(house, gone))
    assert [await is_there(house, visitor) for visitor in stay] == [True] * 5
    assert not await house.database.fetchval("select 1 from session.sessions where id = $1", idle.reply.session_id)


async def test_links_to_a_session_go_with_it_and_others_stay(house: House, server_keys: ServerKeys) -> None:
    links = Links(database=house.database, sealer=server_keys.at_rest, clock=SystemClock())
    one, other = await opened(house, await person(house)), await opened(house, await person(house))

    def address(player: Player) -> str:
        return f"https://example.org/interview?i={player.interview}&session={player.code}&from=mail"

    code_of_one = await links.add(address(one), seconds=600, is_once=False)
    action_of_one = await links.add(address(one) + "&action=abc", seconds=600, is_once=True)
    code_of_other = await links.add(address(other), seconds=600, is_once=False)
    elsewhere = await links.add("https://example.org/x?i=nonsense&session=" + one.code, seconds=600, is_once=False)
    await one.delete()
    for code in (code_of_one, action_of_one):
        with pytest.raises(LinkExpired):
            await links.follow(code)
    assert await links.follow(code_of_other) == address(other)
    assert (await links.follow(elsewhere)).startswith("https://example.org/x")


async def test_a_snapshot_stays_when_its_session_is_deleted(house: House) -> None:
    player = await opened(house, await person(house))
    await player.act("snapshot", favorite="apple", key="kept")
    session_id = player.reply.session_id
    await player.delete()
    assert not await house.database.fetchval("select 1 from session.sessions where id = $1", session_id)
    found = await house.database.fetchval(
        "select data->>'favorite' from stores.jsonstorage where key = $1", player.code
    )
    assert found == "apple"


async def _none_of(house: House, visitors: list[Visitor]) -> bool:
    return not any([await is_there(house, visitor) for visitor in visitors])


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await holds():
            await asyncio.sleep(0.1)
