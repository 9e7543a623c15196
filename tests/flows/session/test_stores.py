"""Stores of interviews through the session service: what is kept, for whom, and when (spec/area2 §9)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.contracts.base import Sealed
from shared.contracts.session import AdoptedSessions, AdoptSessions
from shared.contracts.visitor import KeyHolder, UserFacts, Visitor
from shared.crypto.keys import ServerKeys
from shared.kernel.ids import new_code, new_id
from shared.stores.stashes import hash_of
from tests.fault.rig import new_visitor
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player
from tests.put_back import kept, put_back

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(postgres_url: str, redis_url: str, server_keys: ServerKeys) -> AsyncIterator[House]:
    async with running_house(postgres_url, redis_url, server_keys, 2, author_redis_url=redis_url) as running:
        yield running


async def opened(house: House, visitor: Visitor | None = None, **url_args: str) -> Player:
    player = Player(house, "stores", visitor)
    await player.open(**url_args)
    return player


def somebody(number: str) -> Visitor:
    visitor = new_visitor()
    return visitor.model_copy(update={"user": UserFacts(the_user_id=number)})


async def test_a_store_gives_back_what_was_put_in_also_to_another_session(house: House) -> None:
    person = somebody("t101")
    first, second = await opened(house, person), await opened(house, person)
    assert await first.act("shelf_set", key="a%_b", value={"x": [1, "ä"]}) == [{"x": [1, "ä"]}, ["a%_b"], True]
    await first.act("shelf_set", key="a%xb", value=2)
    assert await second.act("shelf_get", key="a%_b") == [True, {"x": [1, "ä"]}, ["a%_b", "a%xb"]]
    assert await second.act("shelf_delete", key="a%_b") == ["a%xb"]
    assert await second.act("shelf_get", key="a%_b") == [False, None, ["a%xb"]]


async def test_a_personal_store_is_closed_to_others(house: House) -> None:
    player = await opened(house, somebody("t102"))
    await player.act("shelf_set", key="word", value="mine")
    stranger = await opened(house, somebody("t103"))
    assert await stranger.act("shelf_get", key="word") == [False, None, []]
    impostor = await opened(house, somebody("t102"))
    assert "Unable to decrypt stored object" in await impostor.act("shelf_get", key="word")


async def test_bases_are_apart_and_encrypted_where_they_say_so(house: House) -> None:
    one, other = await opened(house, somebody("t104")), await opened(house, somebody("t105"))
    expected = {"user": True, "session": True, "interview": False, "global": False, "club": False}
    for base, is_encrypted in expected.items():
        assert await one.act("of_base", base=base, value=f"of {base}") == [is_encrypted, f"of {base}"]
    seen = {base: (await other.act("of_base", base=base))[1] for base in expected}
    shared = {"interview": "of interview", "global": "of global", "club": "of club"}
    assert seen == {"user": None, "session": None, **shared}


async def test_a_run_that_fails_keeps_nothing(house: House) -> None:
    player = await opened(house, somebody("t106"))
    assert "It went wrong." in await player.act("shelf_set_and_fail")
    assert await player.act("shelf_get", key="broken") == [False, None, []]
    assert await player.act("record_list", key="broken") == []


async def test_sessions_that_count_at_once_count_right(house: House) -> None:
    players = [await opened(house, profile="counting") for _ in range(4)]

    async def count(player: Player) -> None:
        for _ in range(10):
            await player.act("count")

    await asyncio.gather(*(count(player) for player in players))
    assert await players[0].act("counted") == [40, 40]


async def test_shared_attributes_are_merged_one_by_one(house: House) -> None:
    one, other = await opened(house, profile="merge"), await opened(house, profile="merge")
    await asyncio.gather(
        one.act("profile_set", name="fruit", value="apple"), other.act("profile_set", name="vegetable", value="kale")
    )
    expected = {"base": "global", "key": "merge", "fruit": "apple", "vegetable": "kale"}
    assert await one.act("profile_get") == expected
    assert await other.act("profile_get") == expected


async def test_shared_objects_are_named_after_where_they_are(house: House) -> None:
    one, other = await opened(house, profile="people"), await opened(house, profile="people")
    expected = ["Ada", "profile.user", "profile.user.name"]
    assert await one.act("profile_person") == expected
    assert await other.act("profile_person") == expected


async def test_back_does_not_undo_shared_attributes_but_delete_does(house: House) -> None:
    player, other = await opened(house, profile="gone"), await opened(house, profile="gone")
    await player.act("profile_set", name="fruit", value="apple")
    await player.open()
    await player.back()
    assert (await player.act("profile_get"))["fruit"] == "apple"
    assert await other.act("profile_facts") == [True, True]
    assert await player.act("profile_delete") == ["base", "has_nonrandom_instance_name", "instanceName", "key"]
    assert "fruit" not in await other.act("profile_get")


async def test_records_are_listed_in_order_and_deleted_one_by_one(house: House) -> None:
    player, other = await opened(house), await opened(house)
    first = await player.act("record_add", value="äpple")
    second = await other.act("record_add", value={"name": "fig"})
    assert await other.act("record_list") == [[first, "äpple"], [second, {"name": "fig"}]]
    assert await player.act("record_delete", number=first) == [{"name": "fig"}]
    assert await player.act("record_list", key="nothing") == []


async def test_more_records_than_fit_at_once_are_all_read(house: House) -> None:
    player = await opened(house)
    assert await player.act("record_many") == 1200
    assert [value for _, value in await player.act("record_list", key="many")] == list(range(1200))


async def test_a_stash_opens_with_both_tokens_for_anybody_until_it_is_taken(house: House) -> None:
    player, other = await opened(house), await opened(house, somebody("t107"))
    key, secret = await player.act("stash")
    assert (len(key), key.isalnum(), len(secret), secret.isalpha()) == (16, True, 16, True)
    assert await other.act("unstash", key=key, secret=new_code(16)) is None
    assert await other.act("unstash", key=new_code(16), secret=secret) is None
    expected = {"fruit": "apple", "when": "2024-05-01T00:00:00-04:00"}
    assert await other.act("unstash", key=key, secret=secret, refresh=True) == expected
    assert await other.act("unstash", key=key, secret=secret, delete=True) == expected
    assert await player.act("unstash", key=key, secret=secret) is None


async def test_a_stash_expires(house: House) -> None:
    player = await opened(house)
    key, secret = await player.act("stash", expire=1)
    async with asyncio.timeout(20):
        while await player.act("unstash", key=key, secret=secret) is not None:
            await asyncio.sleep(0.1)
    assert "number of seconds above zero" in await player.act("stash", expire=0)


async def test_a_stash_that_somebody_puts_back_stays_spent(house: House) -> None:
    player = await opened(house)
    key, secret = await player.act("stash")
    copy = await kept(house.database, "stores.stashes", "key_hash = $1", hash_of(key))
    assert await player.act("unstash", key=key, secret=secret, delete=True) is not None
    await put_back(house.database, copy)
    assert await player.act("unstash", key=key, secret=secret) is None


async def test_a_stash_does_not_last_longer_because_its_row_says_so(house: House) -> None:
    player = await opened(house)
    key, secret = await player.act("stash", expire=3600)
    longer = "update stores.stashes set ends_at = ends_at + interval '1 day' where key_hash = $1"
    await house.database.execute(longer, hash_of(key))
    assert await player.act("unstash", key=key, secret=secret) is None


async def test_nothing_but_snapshots_lies_in_clear(house: House) -> None:
    player = await opened(house, somebody("t108"), base="interview")
    await player.act("shelf_set", key="word", value="tell-tale-canary")
    await player.act("record_add", value="tell-tale-canary")
    await player.act("stash")
    for table in ("entries", "records", "stashes"):
        rows = await house.database.fetch(f"select value_sealed from stores.{table}")
        assert rows
        assert not any(b"canary" in row["value_sealed"] or b"apple" in row["value_sealed"] for row in rows)


async def test_a_snapshot_is_one_row_for_each_session_and_key(house: House) -> None:
    player = await opened(house)
    await player.act("snapshot", favorite="apple", key="one")
    await player.act("snapshot", favorite="kale", key="one")
    await player.act("snapshot", favorite="fig", key=None)
    query = (
        "select filename, tags, data->>'favorite' as favorite from stores.jsonstorage where filename = $1 order by id"
    )
    rows = await house.database.fetch(query, player.interview)
    told = [(row["tags"], row["favorite"]) for row in rows]
    assert told[-2:] == [("one", "kale"), (None, "fig")]
    assert "key has to be a text" in await player.act("snapshot", favorite="apple", key=7)


async def test_persistent_task_counters_survive_back(house: House) -> None:
    player = await opened(house)
    await player.act("stash")
    assert await player.act("task_mark") == 1
    await player.open()
    await player.back()
    assert await player.act("task_times") == [1, True, False]


async def test_what_a_task_keeps_is_kept_with_its_end(house: House) -> None:
    player = await opened(house)
    await player.act("in_background", name="background_write")
    await until_ended(player)
    assert await player.act("session_word") == "kept"
    assert [value for _, value in await player.act("record_list", key="from a task")] == ["written"]
    await player.act("in_background", name="background_write_and_fail")
    assert (await until_ended(player))[1]
    assert [value for _, value in await player.act("record_list", key="from a task")] == ["written"]


async def test_a_task_cannot_open_what_only_the_person_can(house: House) -> None:
    player = await opened(house, somebody("t109"))
    await player.act("in_background", name="background_open")
    assert "encrypted for the person" in (await until_ended(player))[2]


async def test_signing_in_takes_the_store_along(house: House) -> None:
    person = somebody("t110")
    await (await opened(house, person)).act("shelf_set", key="word", value="before")
    account = KeyHolder(holder="user:77", key=new_visitor().keys[0].key)
    facts = UserFacts(is_anonymous=False, is_authenticated=True, the_user_id="77", former_id="t110")
    signed_in = Visitor(user=facts, keys=(*person.keys, account))
    await house.bus.request(AdoptSessions(visitor=Sealed(signed_in)), AdoptedSessions, timeout_seconds=20)
    elsewhere = Visitor(user=facts.model_copy(update={"former_id": ""}), keys=(account,))
    player = await opened(house, elsewhere)
    assert (await player.act("shelf_get", key="word"))[:2] == [True, "before"]


async def test_the_redis_of_authors_takes_values_and_commands(house: House) -> None:
    player = await opened(house)
    key = f"{player.interview}:word"
    assert await player.act("redis", value={"fruit": "äpple"}) == [key, {"fruit": "äpple"}, True, "plain", 2, None]
    assert "number of seconds above zero" in await player.act("redis", value=1, expire=-1)


async def test_a_deleted_session_takes_its_store_along(house: House) -> None:
    player = await opened(house)
    await player.act("of_base", base="session", value="x")
    session_id = player.reply.session_id
    count = "select count(*) from stores.entries where scope = $1"
    assert await house.database.fetchval(count, f"session {session_id}") == 1
    await player.delete()
    assert await house.database.fetchval(count, f"session {session_id}") == 0


async def until_ended(player: Player) -> list[object]:
    async with asyncio.timeout(60):
        while True:
            state: list[object] = await player.act("task_state")
            if state[0]:
                return state
            await asyncio.sleep(0.05)


async def test_what_was_put_in_before_leaving_stays_also_when_others_keep_the_session(house: House) -> None:
    first = await opened(house, somebody("t120"))
    await first.set(multi_user=True)
    second = Player(house, "stores", somebody("t121"), first.code)
    await second.set(joined=True)
    operation_id = new_id()
    for _ in range(2):
        await first.run("count_and_exit", operation_id=operation_id)
        assert await second.act("exits_counted") == 1
    assert (await second.variables())["joined"] is True
