"""A room of files on a database and a directory of its own, and keys of sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shared.crypto.envelope import new_data_key
from shared.crypto.keys import ServerKeys
from shared.files.room import FileRoom
from shared.files.schema import SCHEMA
from shared.files.store_directory import DirectoryStore
from shared.kernel.clock import ManualClock
from shared.kernel.ids import new_id
from shared.storage.database import Database
from shared.storage.migrations import migrate


@dataclass
class SomeKeys:
    """The keys of a session."""

    session_id: str = field(default_factory=new_id)
    generation: int = 1
    by_generation: dict[int, bytes] = field(default_factory=lambda: {1: new_data_key()})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
async def room(database: Database, server_keys: ServerKeys, clock: ManualClock, folder: Path) -> FileRoom:
    await migrate(database, [SCHEMA])
    await database.execute("delete from files.files")
    await database.execute("delete from files.leftovers")
    store = DirectoryStore(folder)
    return FileRoom.of(
        database=database, store=store, server_keys=server_keys, clock=clock, max_file_bytes=4 * 1024 * 1024
    )


@pytest.fixture
def keys() -> SomeKeys:
    return SomeKeys()
