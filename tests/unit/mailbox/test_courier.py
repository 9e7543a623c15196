"""Mail of interviews without a mail server, and errands that are asked for again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.kernel.settings import Settings
from shared.mailbox.courier import Courier, courier_of
from shared.mailbox.mail import Attachment, Mail, address_of
from shared.mailbox.outgoing import Outgoing
from shared.mailbox.schema import SCHEMA
from shared.mailbox.sendings import Errand, TooMuchSent
from shared.storage.database import Database
from shared.storage.migrations import migrate

MAIL = Mail(
    to=(address_of("Ann <ann@example.org>"),),
    subject="Kept",
    text="For Ann only",
    attachments=(Attachment("paper.txt", "text/plain", b"Words on paper"),),
)


@pytest.fixture
async def tables(database: Database) -> Database:
    await migrate(database, [SCHEMA])
    return database


def courier(database: Database, server_keys: ServerKeys, **given: Any) -> Courier:
    return courier_of(Settings(**given), database=database, server_keys=server_keys, clock=SystemClock())


def errand(session_id: str = "", run_id: str = "", repetition: int = 1) -> Errand:
    return Errand(run_id or new_id(), session_id or new_id(), "mail", ("ann@example.org", "Kept"), repetition)


async def test_without_a_mail_server_a_mail_is_kept_whole_and_counts_as_sent(
    tables: Database, server_keys: ServerKeys
) -> None:
    assert await courier(tables, server_keys).send(MAIL, errand()) is True
    outgoing = Outgoing(sealer=server_keys.at_rest, clock=SystemClock())
    [(mail_id, kind, state, _)] = await outgoing.waiting(tables)
    assert (kind, state) == ("interview", "kept")
    found = await outgoing.find(tables, mail_id)
    assert found is not None
    assert found.letter is not None
    assert (found.letter.recipient, found.letter.text) == ("ann@example.org", "For Ann only")
    assert b'filename="paper.txt"' in found.letter.message
    sealed = await tables.fetchval("select content_sealed from mailbox.outgoing where id = $1", mail_id)
    assert b"Ann" not in sealed


async def test_the_same_errand_is_done_once_also_by_several_at_once(tables: Database, server_keys: ServerKeys) -> None:
    sendings, same, done = courier(tables, server_keys).sendings, errand(), []

    async def carry_out(message_id: str) -> bool:
        done.append(message_id)
        return True

    assert await asyncio.gather(*(sendings.once(same, carry_out) for _ in range(4))) == [True] * 4
    assert len(done) == 1


async def test_a_caller_that_gives_up_does_not_cut_a_mail_short(tables: Database, server_keys: ServerKeys) -> None:
    sendings, same = courier(tables, server_keys).sendings, errand()
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def carry_out(_: str) -> bool:
        begun.set()
        await goes_on.wait()
        return True

    waiting = asyncio.create_task(sendings.once(same, carry_out))
    await begun.wait()
    waiting.cancel()
    goes_on.set()
    await sendings.stop()
    assert await sendings.once(same, carry_out) is True


async def test_an_errand_whose_sender_died_is_done_again_under_the_same_id(
    tables: Database, server_keys: ServerKeys
) -> None:
    sendings, same, ids = courier(tables, server_keys).sendings, errand(), list[str]()

    async def carry_out(message_id: str) -> bool:
        ids.append(message_id)
        return True

    await sendings.once(same, carry_out)
    # What a process leaves that dies before it writes down how it went:
    await tables.execute(
        "update mailbox.sendings set state = 'sending', claimed_until = now() - interval '1 minute' where run_id = $1",
        same.run_id,
    )
    assert await sendings.once(same, carry_out) is True
    assert ids[0] == ids[1]


async def test_a_mail_server_that_is_slow_beyond_the_limit_counts_as_failed(
    tables: Database, server_keys: ServerKeys
) -> None:
    sendings = courier(tables, server_keys, mail_limit_seconds=0.05).sendings
    same = errand()

    async def never(_: str) -> bool:
        await asyncio.Event().wait()
        return True

    assert await sendings.once(same, never) is False
    assert await sendings.once(same, never) is False


async def test_one_session_may_send_so_much_within_an_hour(tables: Database, server_keys: ServerKeys) -> None:
    some, session_id = courier(tables, server_keys, mail_per_hour=2), new_id()
    for _ in range(2):
        assert await some.send(MAIL, errand(session_id)) is True
    with pytest.raises(TooMuchSent):
        await some.send(MAIL, errand(session_id))
    assert await some.send(MAIL, errand()) is True
