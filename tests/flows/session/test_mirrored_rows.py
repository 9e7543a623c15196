"""Databases of authors: objects that mirror rows, and queries over snapshots (spec/area2 §9.6, §9.7)."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from shared.crypto.keys import ServerKeys
from shared.kernel.ids import new_code
from shared.storage.database import Database
from shared.stores.reader import make_reader
from tests import servers
from tests.flows.session.conftest import House, running_house
from tests.flows.session.player import Player

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(
    postgres_server: str, postgres_url: str, redis_url: str, server_keys: ServerKeys
) -> AsyncIterator[House]:
    role = f"reader_{new_code(12).lower()}"
    there = urlsplit(postgres_url)
    for_reader = there._replace(netloc=f"{role}:secret@{there.netloc.rpartition('@')[2]}").geturl()
    with servers.own_database(postgres_server) as authors:
        databases = {"demo db": authors, "snapshots": for_reader}
        async with running_house(postgres_url, redis_url, server_keys, 2, author_databases=databases) as running:
            await make_reader(running.database, "secret", role=role)
            try:
                yield running
            finally:
                await dropped(running.database, role)


async def dropped(database: Database, role: str) -> None:
    with contextlib.suppress(Exception):
        await database.execute(f"drop owned by {role}")
        await database.execute(f"drop role {role}")


async def opened(house: House, interview: str = "mirror") -> Player:
    player = Player(house, interview)
    await player.open()
    assert player.reply.kind == "screen", player.reply.problem and player.reply.problem.value
    return player


async def test_a_row_is_written_once_all_it_needs_is_known_and_others_see_what_changes(house: House) -> None:
    one, other = await opened(house), await opened(house)
    assert await one.act("set_bank", values={"routing": "r9", "town": "Bern"}) == [True, False, False]
    assert await one.act("rows") == []
    await one.act("take_name", name="Ninth")
    assert await one.act("rows") == [["r9", "Ninth"]]
    assert await other.act("set_bank", values={"routing": "r9", "name": "Nine"}) == [True, True, True]
    assert await one.act("see") == [{"routing": "r9", "name": "Nine", "town": "Bern"}, True]
    assert (await other.act("see"))[0]["town"] == "Bern"
    await one.act("forget", column="town")
    assert (await other.act("see"))[0]["town"] is None
    assert await one.act("delete_row", routing="r9") == [False, False]
    assert await other.act("see") == [{"routing": "r9", "name": "Nine", "town": None}, False]
    await other.act("take_name", name="Lost")
    assert await one.act("rows") == []


async def test_objects_are_related_asked_after_and_parted(house: House) -> None:
    player = await opened(house)
    people = ["Ann", "Bob"]
    assert await player.act("relate") == [
        *[True, False, True, True, True],
        *[people, ["r1"], people, 1, people],
        [False, ["Bob"]],
        0,
    ]
    assert "has no row yet" in await player.act("unready")
    assert await player.act("shelf") == [people, ["Bob"]]
    await player.act("delete_row", routing="r1")


async def test_snapshots_are_queried_by_a_user_who_can_read_nothing_else(house: House) -> None:
    player = await opened(house)
    await player.act("keep")
    assert await player.act("report") == [["fig", "flows:data/questions/mirror.yml"], [1]]
    assert await player.act("pry") == []


async def test_a_database_nobody_configured_is_named(house: House) -> None:
    told = await (await opened(house)).act("unknown_database")
    assert "no database 'no such'" in told
    assert "COLLOQUY_AUTHOR_DATABASES" in told


# Models on a registered database


async def test_rows_are_found_kept_and_deleted_by_their_number(house: House) -> None:
    player = await opened(house, "registered")
    told = await player.act("found_by_number", case=new_code(8))
    assert told == [True, True, "again", True, False, False, True, None, False, False, False]


async def test_models_of_a_registered_database_are_related_by_all_eight_methods(house: House) -> None:
    player = await opened(house, "registered")
    assert await player.act("related", case=new_code(8)) == {
        "has_child": [True, False],
        "has_parent": [True, False],
        "get_child": [["Ann"], ["Ann"]],
        "get_parent": [["chess", "go"], []],
        "named": ["here", "here[0]"],
        "filter_by_child": [["chess", "go"], []],
        "filter_by_parent": [["Ann"], ["Ann"]],
        "filter_by_parent_child": [1, 1, 0],
        "del_child": [False, True],
        "del_parent": [False, 0],
    }


@pytest.mark.parametrize("side", ["child", "parent"])
@pytest.mark.parametrize("method", ["has", "add", "get", "del"])
async def test_what_has_no_row_is_related_to_nothing(house: House, method: str, side: str) -> None:
    player = await opened(house, "registered")
    told = await player.act("not_ready", case=new_code(8), method=f"{method}_{side}", side=side)
    assert "has no row yet: it cannot be related to anything" in told


async def test_a_relation_or_a_column_that_nobody_declared_is_named(house: House) -> None:
    player = await opened(house, "registered")
    assert "Club has no relation 'Friendship' to a child" in await player.act("no_relation", case=new_code(8))
    assert "Club has no column 'colour'" in await player.act("no_column")


async def test_lists_of_relations_hold_those_of_one_side_and_delete_what_is_taken_out(house: House) -> None:
    player = await opened(house, "registered")
    assert await player.act("lists", case=new_code(8)) == [["Ann", "Bob"], ["chess"], ["Bob"], [False, 0]]


async def test_a_row_is_written_once_its_uid_is_known(house: House) -> None:
    player = await opened(house, "registered")
    assert await player.act("saved_when_complete", case=new_code(8)) == [False, False, True, True, True]
