"""The account that scheduled actions run as."""

from __future__ import annotations

import pytest

from shared.people import store
from shared.people.cron import cron_user
from shared.people.directory import Directory
from shared.people.records import NotForPeople, SignInRefused
from shared.people.schema import SCHEMA
from shared.people.sign_in import SignIn
from shared.storage.database import Database
from tests.unit.people.conftest import HOME


async def _number(rows: Database) -> int:
    """Tests empty the tables; the statement of the migration brings the account back."""
    await rows.execute((SCHEMA.folder / "0004_cron.sql").read_text())
    return int((await cron_user(rows)).the_user_id)


async def test_nobody_signs_in_to_it(rows: Database, sign_in: SignIn) -> None:
    await _number(rows)
    with pytest.raises(SignInRefused):
        await sign_in.by_password("cron@admin.com", "", HOME)


async def test_it_cannot_be_opened_changed_or_deleted(rows: Database, directory: Directory) -> None:
    number = await _number(rows)
    async with rows.transaction() as connection:
        with pytest.raises(NotForPeople):
            await store.set_active(connection, number, True)
        with pytest.raises(NotForPeople):
            await store.set_privileges(connection, number, ["admin"])
        with pytest.raises(NotForPeople):
            await store.delete(connection, number)
    assert (await directory.account(number)).is_active is False
