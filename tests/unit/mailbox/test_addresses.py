"""Addresses of sessions and the mail that came for them, as rows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id, random_bytes
from shared.mailbox import addresses, received
from shared.mailbox.addresses import Addresses
from shared.mailbox.received import MailContents, MailPart, NewMail
from shared.mailbox.schema import SCHEMA
from shared.storage.database import Database
from shared.storage.migrations import migrate

NOW = SystemClock().now()


@dataclass(frozen=True)
class SessionKeys:
    session_id: str = field(default_factory=new_id)
    generation: int = 1
    by_generation: dict[int, bytes] = field(default_factory=lambda: {1: random_bytes(32)})


@pytest.fixture
async def found(database: Database) -> Addresses:
    await migrate(database, [SCHEMA])
    return Addresses(database=database, clock=SystemClock())


async def make(found: Addresses, keys: SessionKeys, owner: str = "t1", key: str | None = None) -> str:
    return await found.make(keys, interview="a:b.yml", owner=owner, key=key, index=None)


def part(location: str) -> MailPart:
    return MailPart(
        role="text", number=1, filename="a.txt", mimetype="text/plain", size_bytes=1, location=location, key="aa"
    )


async def mail_for(
    database: Database, found: Addresses, name: str, *, state: received.State = "received", said: bytes = b"x"
) -> str:
    known = (await found.known(database, [name]))[name]
    contents = MailContents(subject="Hello", raw=part(f"raw{name}"), parts=(part(f"part{name}"),))
    mail = NewMail(
        mail_id=new_id(),
        address=known,
        digest=said,
        state=state,
        reason="why" if state == "quarantined" else "",
        size_bytes=10,
        received_at=NOW,
        contents=contents,
    )
    assert await received.add(database, mail)
    return mail.mail_id


async def test_many_who_ask_at_once_get_one_address(found: Addresses) -> None:
    keys = SessionKeys()
    assert len(set(await asyncio.gather(*(make(found, keys) for _ in range(10))))) == 1


async def test_keys_of_before_open_an_address_and_others_do_not(database: Database, found: Addresses) -> None:
    keys = SessionKeys()
    name = await make(found, keys)
    later = SessionKeys(keys.session_id, 2, {**keys.by_generation, 2: random_bytes(32)})
    assert await make(found, later) == name
    assert await found.of_session(database, SessionKeys(keys.session_id)) == []


async def test_an_address_of_a_turn_that_never_was_gives_way(database: Database, found: Addresses) -> None:
    keys = SessionKeys()
    name = await make(found, keys)
    again = SessionKeys(keys.session_id)
    other = await make(found, again)
    assert other != name
    assert list(await found.known(database, [name, other])) == [other]


async def test_with_mail_it_stays_whoever_has_the_keys(database: Database, found: Addresses) -> None:
    keys = SessionKeys()
    name = await make(found, keys)
    await mail_for(database, found, name)
    await make(found, SessionKeys(keys.session_id))
    assert name in await found.known(database, [name])


async def test_the_same_is_kept_once_for_an_address_and_again_for_another(database: Database, found: Addresses) -> None:
    keys = SessionKeys()
    one, two = await make(found, keys), await make(found, keys, key="k")
    await mail_for(database, found, one)
    with pytest.raises(AssertionError):
        await mail_for(database, found, one)
    await mail_for(database, found, two)
    known = await found.of_session(database, keys)
    assert len(await received.of_session(database, keys.session_id, known)) == 2


async def test_parts_are_taken_once(database: Database, found: Addresses) -> None:
    mail_id = await mail_for(database, found, await make(found, SessionKeys()))
    assert await received.take_parts(database, [mail_id]) == {mail_id}
    assert await received.take_parts(database, [mail_id]) == set()


async def test_what_waits_in_quarantine_is_not_shown_until_it_is_released(database: Database, found: Addresses) -> None:
    keys = SessionKeys()
    mail_id = await mail_for(database, found, await make(found, keys), state="quarantined")
    known = await found.of_session(database, keys)
    assert await received.of_session(database, keys.session_id, known) == []
    assert await received.next_to_do(database, keys.session_id) is None
    assert mail_id in [row["id"] for row in await received.in_quarantine(database)]
    assert await received.release(database, mail_id) == keys.session_id
    assert await received.release(database, mail_id) is None
    assert [one.mail_id for one in await received.of_session(database, keys.session_id, known)] == [mail_id]


async def test_a_row_that_was_changed_is_left_out(database: Database, found: Addresses) -> None:
    keys = SessionKeys()
    name = await make(found, keys)
    mail_id = await mail_for(database, found, name)
    await database.execute("update mailbox.mails set contents_box = contents_box || 'x' where id = $1", mail_id)
    known = await found.of_session(database, keys)
    assert await received.of_session(database, keys.session_id, known) == []


async def test_with_its_session_everything_goes_and_the_name_is_not_given_away(
    database: Database, found: Addresses
) -> None:
    keys = SessionKeys()
    name = await make(found, keys)
    mail_id = await mail_for(database, found, name)
    await received.take_parts(database, [mail_id])
    assert await received.forget_session(database, keys.session_id) == [f"raw{name}"]
    await addresses.retire(database, keys.session_id, now=NOW)
    assert await found.known(database, [name]) == {}
    while await addresses.forget_retired(database, before=NOW):
        continue
    count = "select count(*) from mailbox.addresses where local_part = $1"
    assert await database.fetchval(count, name) == 1
    while await addresses.forget_retired(database, before=NOW + timedelta(days=1)):
        continue
    assert await database.fetchval(count, name) == 0


async def test_with_an_account_its_addresses_go_in_other_sessions_too(
    database: Database, found: Addresses, server_keys: ServerKeys
) -> None:
    keys, owner = SessionKeys(), new_id()
    theirs, other = await make(found, keys, owner), await make(found, keys, "t1")
    await mail_for(database, found, theirs)
    await mail_for(database, found, other)
    assert await received.forget_owner(database, owner) == [f"raw{theirs}", f"part{theirs}"]
    await addresses.retire_of_owner(database, owner, now=NOW)
    assert list(await found.known(database, [theirs, other])) == [other]
    assert received.digest_of(server_keys, b"a") != received.digest_of(server_keys, b"b")
