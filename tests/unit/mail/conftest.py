"""What tests of the mail service stand on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.bus.schema import SCHEMA as BUS
from shared.crypto.keys import ServerKeys
from shared.files.schema import SCHEMA as FILES
from shared.mailbox.schema import SCHEMA
from shared.storage.database import Database
from shared.storage.migrations import migrate
from tests.phone_office import PhoneOffice, phone_office
from tests.unit.mail.media_room import Room, room_with


@pytest.fixture
def office() -> Iterator[PhoneOffice]:
    with phone_office() as running:
        yield running


@pytest.fixture
async def tables(database: Database) -> Database:
    await migrate(database, [SCHEMA, BUS, FILES])
    await database.execute("truncate mailbox.line_key, mailbox.addresses cascade")
    await database.execute("delete from bus.outbox")
    await database.execute("delete from files.leftovers")
    return database


@pytest.fixture
async def room(tables: Database, server_keys: ServerKeys, tmp_path: Path, office: PhoneOffice) -> AsyncIterator[Room]:
    async with room_with(tables, server_keys, tmp_path, url=office.url) as room:
        yield room
