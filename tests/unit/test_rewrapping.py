"""services/rewrapping.py: everything under the server's key is found, and sealed anew for its own place."""

from __future__ import annotations

from dataclasses import dataclass

import pyotp
import pytest

from services.installation import SCHEMAS
from services.rewrapping import SEALED_COLUMNS, messages_under, needs, outstanding, rewrap
from shared.bus.cloudevents import Codec
from shared.bus.outbox import Outbox
from shared.contracts.base import Sealed
from shared.contracts.catalog import message_types
from shared.contracts.envelope import Envelopes
from shared.contracts.session import OpenFile
from shared.contracts.visitor import Visitor
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import ManualClock
from shared.kernel.ids import random_bytes
from shared.mailbox.outgoing import Letter, Outgoing
from shared.people.credentials import Credentials
from shared.people.links import Links as MailedLinks
from shared.people.records import Secrets
from shared.people.second_factor import SecondFactor
from shared.storage.database import Database
from shared.storage.migrations import migrate
from shared.stores.links import Links

OTHER_KEYS = {
    # under the data key of a session
    "session.public_keys.sealed", "session.sessions.header_sealed", "session.steps.data",
    "session.sessions.rows_mac", "session.steps.previous_mac",
    "session.inbox.outcome_sealed", "session.notices.payload_sealed", "tasks.tasks.arguments_sealed",
    "tasks.tasks.visitor_sealed",
    "tasks.tasks.outcome_sealed", "tasks.tasks.followup_sealed", "tasks.tasks.payload_sealed",
    "tasks.tasks.failure_sealed", "tasks.tasks.progress_sealed", "files.files.key_wrapped",
    "mailbox.addresses.facts_sealed", "mailbox.addresses.private_sealed",
    # for a key that only the session opens
    "mailbox.mails.contents_box", "mailbox.mails.media_box",
    # under the key of a file
    "files.files.name_sealed",
    # under a password
    "people.accounts.key_wrapped",
    # messages: counted, and soon gone
    "bus.outbox.body", "bus.blobs.body", "bus.dead_letters.body",
    # under a person's or a session's own keys, and under a secret that is not kept
    "stores.scope_keys.wrapped", "stores.stashes.value_sealed", "gateway.kept_forms.form",
}  # fmt: skip
NOT_SEALED = {"people.accounts.key_salt", "mailbox.addresses.public_key", "mailbox.mails.digest"}


@pytest.fixture
async def tables(database: Database) -> Database:
    await migrate(database, SCHEMAS)
    for column in SEALED_COLUMNS:
        await database.execute(f"truncate {column.table} cascade")
    return database


@dataclass
class Rings:
    """Before a rotation, after it, and when the old key is gone."""

    before: ServerKeys
    after: ServerKeys
    later: ServerKeys


@pytest.fixture
def rings() -> Rings:
    old, new = ("2026-01-01-old1", random_bytes(32)), ("2026-02-02-new2", random_bytes(32))
    return Rings(ServerKeys([old]), ServerKeys([new, old]), ServerKeys([new]))


async def test_every_column_of_sealed_bytes_is_rewrapped_or_known_to_be_under_another_key(tables: Database) -> None:
    found = {
        f"{row['table_schema']}.{row['table_name']}.{row['column_name']}"
        for row in await tables.fetch(
            "select table_schema, table_name, column_name from information_schema.columns "
            "where data_type = 'bytea' and table_schema not in ('pg_catalog', 'information_schema')"
        )
    }
    hashes = {name for name in found if name.endswith("_hash")}
    named = {f"{column.table}.{column.column}" for column in SEALED_COLUMNS}
    assert named <= found
    assert found - hashes - named - NOT_SEALED == OTHER_KEYS


async def test_what_is_kept_of_people_letters_and_links_opens_without_the_old_key(
    tables: Database, clock: ManualClock, rings: Rings
) -> None:
    sealer = rings.before.at_rest
    account = await tables.fetchval("insert into people.accounts (created_at) values (now()) returning id")
    user_key = Credentials(server_keys=rings.before).new_key(account)
    secrets = Credentials(server_keys=rings.before).under_server_key(user_key)
    enrolment = SecondFactor(server_keys=rings.before, clock=clock).begin("a@example.org")
    code = pyotp.TOTP(enrolment.secret).at(clock.now())
    await SecondFactor(server_keys=rings.before, clock=clock).turn_on(tables, account, enrolment.secret, code)
    await tables.execute("update people.accounts set key_sealed = $2 where id = $1", account, secrets.key_sealed)
    token = await MailedLinks(server_keys=rings.before, clock=clock).make(tables, "reset", {"a": 1}, account_id=account)
    letter = await Outgoing(sealer=sealer, clock=clock).add(tables, Letter("a@example.org", "Hello", "Text"), kind="x")
    link = await Links(database=tables, sealer=sealer, clock=clock).add("/there", seconds=600, is_once=False)

    progress = await rewrap(tables, rings.after, tick=lambda _: None, batch=1)

    assert (progress.done, progress.broken) == (5, [])
    assert await outstanding(tables, rings.after.newest.key_id) == 0
    kept = await tables.fetchval("select key_sealed from people.accounts where id = $1", account)
    opened = Credentials(server_keys=rings.later).opened_by_server(Secrets(key_sealed=kept), account, user_key.number)
    assert opened == user_key
    await clock.advance(60)
    code = pyotp.TOTP(enrolment.secret).at(clock.now())
    await SecondFactor(server_keys=rings.later, clock=clock).check(tables, account, code)
    assert (await MailedLinks(server_keys=rings.later, clock=clock).look(tables, "reset", token)).data == {"a": 1}
    found = await Outgoing(sealer=rings.later.at_rest, clock=clock).find(tables, letter)
    assert found is not None
    assert found.letter.subject == "Hello"
    assert await Links(database=tables, sealer=rings.later.at_rest, clock=clock).follow(link) == "/there"


async def test_a_value_that_no_key_opens_is_told_and_left_alone(tables: Database, rings: Rings) -> None:
    sealed = ServerKeys([("lost", random_bytes(32))]).at_rest.seal(b"x", purpose="link")
    await tables.execute("insert into stores.links values ($1, $2, false, now())", random_bytes(32), sealed)
    progress = await rewrap(tables, rings.after, tick=lambda _: None)
    assert progress.broken == ["stores.links.target_sealed"]
    assert (await needs(tables))["lost"] == 1
    assert await tables.fetchval("select count(*) from stores.links where target_sealed = $1", sealed) == 1


async def test_rewrapping_goes_on_where_it_was_broken_off(tables: Database, clock: ManualClock, rings: Rings) -> None:
    links = Links(database=tables, sealer=rings.before.at_rest, clock=clock)
    for number in range(10):
        await links.add(f"/{number}", seconds=60, is_once=False)
    done: list[int] = []

    class Broken(Exception):
        pass

    def give_up_soon(count: int) -> None:
        done.append(count)
        if len(done) == 2:
            raise Broken

    with pytest.raises(Broken):
        await rewrap(tables, rings.after, tick=give_up_soon, batch=3)
    assert await outstanding(tables, rings.after.newest.key_id) == 4
    assert (await rewrap(tables, rings.after, tick=lambda _: None, batch=3)).done == 4


async def test_messages_that_need_a_key_are_counted(tables: Database, clock: ManualClock, rings: Rings) -> None:
    codec = Codec(types=message_types(), sealer=rings.before.transport)
    asked = OpenFile(number=1, visitor=Sealed(Visitor.model_construct()), sessions=Sealed(()))
    await Outbox(codec=codec).add(tables, [Envelopes("tests", clock).wrap(asked, subject="")])
    assert await messages_under(tables, "2026-01-01-old1") == 1
    assert await messages_under(tables, "2026-02-02-new2") == 0
