"""The read-only look at a session."""

from __future__ import annotations

import pytest

from shared.crypto.envelope import new_data_key
from shared.storage.database import Database
from shared.tasks.sealing import GrantedKeys
from shared.tasks.snapshot import SessionClosed, SessionMissing, Snapshots

from .sessions import SavedSession


async def test_a_snapshot_is_the_newest_step_of_the_session(
    rows: Database, snapshots: Snapshots, saved: SavedSession
) -> None:
    snapshot = await snapshots.read(rows, keys=saved.keys)
    assert snapshot.answers == saved.answers
    assert snapshot.code == saved.code
    assert (snapshot.interview, snapshot.version, snapshot.steps) == ("docs:data/questions/a.yml", 2, 2)
    assert saved.code not in repr(snapshot)


async def test_a_session_that_was_deleted_is_missing(rows: Database, snapshots: Snapshots, saved: SavedSession) -> None:
    await rows.execute("delete from session.sessions")
    with pytest.raises(SessionMissing):
        await snapshots.read(rows, keys=saved.keys)


async def test_a_step_under_a_newer_key_is_closed(rows: Database, snapshots: Snapshots, saved: SavedSession) -> None:
    other = GrantedKeys(saved.keys.session_id, {2: new_data_key()})
    with pytest.raises(SessionClosed):
        await snapshots.read(rows, keys=other)
