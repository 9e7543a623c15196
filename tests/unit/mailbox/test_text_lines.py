"""Whose number is on which line, and who has said STOP: one key for all, which outlives those of the server."""

from __future__ import annotations

import asyncio

import pytest

from shared.crypto.aead import SealBroken
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import random_bytes
from shared.mailbox.schema import SCHEMA
from shared.mailbox.text_lines import SEALED, Line, TextLines
from shared.storage.database import Database
from shared.storage.migrations import migrate

LINE, OTHER = Line("+15550000001", "+16175550100"), Line("+15550000001", "+16175550101")


@pytest.fixture
async def tables(database: Database) -> Database:
    await migrate(database, [SCHEMA])
    await database.execute("truncate mailbox.line_key, mailbox.stopped_lines")
    return database


def lines(database: Database, *keys: tuple[str, bytes]) -> TextLines:
    """Those of a process that has just started."""
    return TextLines(database=database, sealer=ServerKeys(list(keys)).at_rest, clock=SystemClock())


async def test_all_processes_have_the_same_key_also_when_they_need_it_at_once(tables: Database) -> None:
    key = ("a", random_bytes(32))
    several = [lines(tables, key) for _ in range(6)]
    await asyncio.gather(*(one.stop(LINE) for one in several))
    assert await tables.fetchval("select count(*) from mailbox.stopped_lines") == 1
    assert all([await one.is_stopped(LINE) for one in several])
    assert not any([await one.is_stopped(OTHER) for one in several])


async def test_stop_is_known_after_the_servers_key_has_been_changed_and_the_old_one_is_gone(tables: Database) -> None:
    old, new = ("a", random_bytes(32)), ("b", random_bytes(32))
    await lines(tables, old).stop(LINE)
    row = await tables.fetchrow("select id, key_sealed from mailbox.line_key")
    assert row is not None
    again = SEALED.seal_again(ServerKeys([new, old]), row["key_sealed"], row)
    await tables.execute("update mailbox.line_key set key_sealed = $1", again)
    assert await lines(tables, new).is_stopped(LINE)


async def test_a_key_that_is_lost_is_told_and_not_made_anew(tables: Database) -> None:
    await lines(tables, ("a", random_bytes(32))).stop(LINE)
    with pytest.raises((SealBroken, ColloquyError)):
        await lines(tables, ("b", random_bytes(32))).is_stopped(LINE)


async def test_who_had_not_said_stop_changes_nothing_by_start(tables: Database) -> None:
    one = lines(tables, ("a", random_bytes(32)))
    assert not await one.go_on(LINE)
    await one.stop(LINE)
    assert await one.go_on(LINE)
    assert not await one.is_stopped(LINE)
