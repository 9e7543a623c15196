"""Whose number is on which line, and who has said STOP: one key for all, which outlives those of the server."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from services.mail.housekeeping import MailHousekeeping
from shared.crypto.aead import SealBroken
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import ManualClock, SystemClock
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import random_bytes
from shared.mailbox.schema import SCHEMA
from shared.mailbox.text_lines import SEALED, Heard, Line, TextLines, Word
from shared.storage.database import Database
from shared.storage.migrations import migrate
from tests.unit.mailbox.test_addresses import SessionKeys

_DAY_SECONDS = 86400.0
LINE, OTHER = Line("+15550000001", "+16175550100"), Line("+15550000001", "+16175550101")


@pytest.fixture
async def tables(database: Database) -> Database:
    await migrate(database, [SCHEMA])
    await database.execute("truncate mailbox.line_key, mailbox.stopped_lines, mailbox.heard_words")
    return database


def lines(database: Database, *keys: tuple[str, bytes]) -> TextLines:
    """Those of a process that has just started."""
    return TextLines(database=database, sealer=ServerKeys(list(keys)).at_rest, clock=SystemClock())


async def test_all_processes_have_the_same_key_also_when_they_need_it_at_once(tables: Database) -> None:
    key = ("a", random_bytes(32))
    several = [lines(tables, key) for _ in range(6)]
    await asyncio.gather(*(one.hear(LINE, "stop", f"SM{number}") for number, one in enumerate(several)))
    assert await tables.fetchval("select count(*) from mailbox.stopped_lines") == 1
    assert all([await one.is_stopped(LINE) for one in several])
    assert not any([await one.is_stopped(OTHER) for one in several])


async def test_stop_is_known_after_the_servers_key_has_been_changed_and_the_old_one_is_gone(tables: Database) -> None:
    old, new = ("a", random_bytes(32)), ("b", random_bytes(32))
    await lines(tables, old).hear(LINE, "stop", "SM1")
    row = await tables.fetchrow("select id, key_sealed from mailbox.line_key")
    assert row is not None
    again = SEALED.seal_again(ServerKeys([new, old]), row["key_sealed"], row)
    await tables.execute("update mailbox.line_key set key_sealed = $1", again)
    assert await lines(tables, new).is_stopped(LINE)


async def test_a_key_that_is_lost_is_told_and_not_made_anew(tables: Database) -> None:
    await lines(tables, ("a", random_bytes(32))).hear(LINE, "stop", "SM1")
    with pytest.raises((SealBroken, ColloquyError)):
        await lines(tables, ("b", random_bytes(32))).is_stopped(LINE)


async def test_who_had_not_said_stop_changes_nothing_by_start(tables: Database) -> None:
    one = lines(tables, ("a", random_bytes(32)))
    assert await one.hear(LINE, "start", "SM1") == "answer"
    assert await one.hear(LINE, "stop", "SM2") == "stopped"
    assert await one.hear(LINE, "start", "SM3") == "started"
    assert not await one.is_stopped(LINE)


async def test_the_same_message_again_changes_nothing_and_is_answered_as_before(tables: Database) -> None:
    one = lines(tables, ("a", random_bytes(32)))
    said: list[tuple[Word, str, Heard]] = [
        ("start", "SM1", "answer"),
        ("stop", "SM2", "stopped"),
        ("start", "SM3", "started"),
    ]
    for word, message_id, heard in said:
        for _ in range(2):
            assert await one.hear(LINE, word, message_id) == heard
    for word, message_id, heard in said:
        assert await one.hear(LINE, word, message_id) == heard
        assert not await one.is_stopped(LINE)
    assert await one.hear(LINE, "stop", "SM4") == "stopped"
    for word, message_id, heard in said:
        assert await one.hear(LINE, word, message_id) == heard
        assert await one.is_stopped(LINE)


async def test_the_same_message_at_once_counts_once(tables: Database) -> None:
    several = [lines(tables, ("a", bytes(32))) for _ in range(6)]
    await several[0].hear(LINE, "stop", "SM1")
    assert await asyncio.gather(*(one.hear(LINE, "start", "SM2") for one in several)) == ["started"] * 6


async def test_which_messages_said_it_is_forgotten_and_stop_is_not(tables: Database) -> None:
    clock = ManualClock()
    one = TextLines(database=tables, sealer=ServerKeys([("a", bytes(32))]).at_rest, clock=clock)
    housekeeping = MailHousekeeping(database=tables, clock=clock)
    await one.hear(LINE, "stop", "SM1")
    await clock.advance(6 * _DAY_SECONDS)
    await one.hear(OTHER, "stop", "SM2")
    await housekeeping.tidy()
    assert await tables.fetchval("select count(*) from mailbox.heard_words") == 2
    await clock.advance(2 * _DAY_SECONDS)
    await housekeeping.tidy()
    assert await tables.fetchval("select count(*) from mailbox.heard_words") == 1
    assert await one.is_stopped(LINE)


async def test_who_has_written_comes_before_who_only_expects(tables: Database) -> None:
    one, keys = lines(tables, ("a", random_bytes(32))), [SessionKeys() for _ in range(3)]
    for key in keys:
        await one.expect(key, [LINE], interview="a:b.yml", owner="t1", span=timedelta(days=1))
    first, second, third = (key.session_id for key in keys)

    async def whose() -> str | None:
        found = await one.expecting(LINE)
        return None if found is None else found.session_id

    assert await whose() == third
    await one.note_sent(tables, LINE, first)
    assert await whose() == first
    await one.expect(keys[2], [LINE], interview="a:b.yml", owner="t1", span=timedelta(days=1))
    assert await whose() == first
    await one.note_sent(tables, OTHER, second)
    assert await whose() == first
    await one.note_sent(tables, LINE, second)
    assert await whose() == second
