"""Who wants no more reminders."""

from __future__ import annotations

import asyncio

import pytest

from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.mailbox.opt_outs import OptOuts, UnknownOptOut, forget_session
from shared.mailbox.schema import SCHEMA
from shared.storage.database import Database
from shared.storage.migrations import migrate


@pytest.fixture
async def opt_outs(database: Database, server_keys: ServerKeys) -> OptOuts:
    await migrate(database, [SCHEMA])
    return OptOuts(database=database, sealer=server_keys.at_rest, clock=SystemClock())


async def test_one_person_has_one_code_in_a_session_also_when_asked_about_at_once(
    opt_outs: OptOuts, database: Database
) -> None:
    session_id = new_id()
    said = await asyncio.gather(*(opt_outs.ask(session_id, "Ann <ann@example.org>") for _ in range(8)))
    assert len({one.code for one in said}) == 1
    assert (await opt_outs.ask(session_id, "ANN@example.org ")).code == said[0].code
    assert (await opt_outs.ask(session_id, "+1 212 555 0100")).code != said[0].code
    assert (await opt_outs.ask(session_id, "+12125550100")).code == (
        await opt_outs.ask(session_id, "+1 212 555 0100")
    ).code
    assert await database.fetchval("select count(*) from mailbox.opt_outs where session_id = $1", session_id) == 2


async def test_the_table_tells_nobody_who_is_written_to(opt_outs: OptOuts, database: Database) -> None:
    session_id = new_id()
    code = (await opt_outs.ask(session_id, "canary@example.org")).code
    row = await database.fetchrow(
        "select code_hash, address_sealed from mailbox.opt_outs where session_id = $1", session_id
    )
    assert row is not None
    assert b"canary" not in row["address_sealed"]
    assert code.encode() not in row["code_hash"] + row["address_sealed"]


async def test_a_word_is_kept_until_the_session_is_deleted(opt_outs: OptOuts, database: Database) -> None:
    session_id = new_id()
    code = (await opt_outs.ask(session_id, "ann@example.org")).code
    assert await opt_outs.is_out(code) is False
    for _ in range(2):
        await opt_outs.say(code, is_out=True)
    assert await opt_outs.is_out(code) is True
    await forget_session(database, session_id)
    with pytest.raises(UnknownOptOut):
        await opt_outs.is_out(code)
    with pytest.raises(UnknownOptOut):
        await opt_outs.say(code, is_out=True)
