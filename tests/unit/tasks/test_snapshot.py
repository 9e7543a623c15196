"""The read-only look at a session."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from shared.crypto.chain import RowPutBack, rows_mac
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


@dataclass(frozen=True)
class Step:
    step: int = 2
    version: int = 2
    generation: int = 1
    previous_mac: bytes | None = None


@dataclass(frozen=True)
class Row:
    session_id: str
    version: int = 2
    newest_step: int = 2
    generation: int = 1
    is_multi_user: bool = False
    allow_cron: bool = False
    header_sealed: bytes | None = None
    rows_mac: bytes | None = None


async def held_together(rows: Database, saved: SavedSession, newest: Step) -> None:
    """The row of the session says that this is its newest step."""
    mac = rows_mac(Row(saved.keys.session_id), newest, saved.keys.by_generation)
    await rows.execute("update session.sessions set rows_mac = $2 where id = $1", saved.keys.session_id, mac)


async def test_rows_that_belong_together_are_read(rows: Database, snapshots: Snapshots, saved: SavedSession) -> None:
    await held_together(rows, saved, Step())
    assert (await snapshots.read(rows, keys=saved.keys)).answers == saved.answers


async def test_a_step_that_somebody_put_back_is_refused(
    rows: Database, snapshots: Snapshots, saved: SavedSession
) -> None:
    await held_together(rows, saved, Step(version=3))
    with pytest.raises(RowPutBack):
        await snapshots.read(rows, keys=saved.keys)


async def test_a_session_whose_newest_step_is_not_the_one_it_names_is_refused(
    rows: Database, snapshots: Snapshots, saved: SavedSession
) -> None:
    await rows.execute("update session.sessions set steps = 1")
    with pytest.raises(RowPutBack):
        await snapshots.read(rows, keys=saved.keys)
