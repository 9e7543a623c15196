"""A database with the schemas of tasks and sessions, and what works on them."""

from __future__ import annotations

import pytest

from shared.crypto.envelope import new_data_key
from shared.crypto.keys import ServerKeys
from shared.kernel.ids import new_id
from shared.storage.database import Database
from shared.tasks.leases import Leases
from shared.tasks.sealing import GrantedKeys
from shared.tasks.snapshot import Snapshots
from shared.tasks.store import Tasks

from .sessions import SavedSession, make_tables, save_session


@pytest.fixture
async def rows(database: Database) -> Database:
    """The test's database with the tables, empty."""
    await make_tables(database)
    return database


@pytest.fixture
def tasks(server_keys: ServerKeys) -> Tasks:
    return Tasks(server_keys=server_keys)


@pytest.fixture
def leases(server_keys: ServerKeys) -> Leases:
    return Leases(server_keys=server_keys)


@pytest.fixture
def snapshots(server_keys: ServerKeys) -> Snapshots:
    return Snapshots(server_keys=server_keys)


@pytest.fixture
def keys() -> GrantedKeys:
    """The keys of a session that need not be in the database."""
    return GrantedKeys(new_id(), {1: new_data_key()})


@pytest.fixture
async def saved(rows: Database, server_keys: ServerKeys) -> SavedSession:
    """A session in the database."""
    return await save_session(rows, server_keys)
