"""Tables only grow: the database of every release that was kept, brought up to date, still serves that release.

During an upgrade services of both releases work on the same tables, and an upgrade is taken back without restoring.
"""

from __future__ import annotations

import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.installation import SCHEMAS
from shared.storage import dumping
from shared.storage.database import Database
from shared.storage.migrations import migrate
from tests import servers
from tests.releases import moving
from tests.releases.catalogues import Catalogue, breaking_tables, read_catalogue
from tests.releases.test_releases import RELEASES

pytestmark = pytest.mark.asyncio(loop_scope="module")

BREAKING = {
    "drop table tasks.tasks cascade": "tasks.tasks: removed.",
    "alter table session.sessions rename to sittings": "session.sessions: removed.",
    "alter table session.sessions drop column interview cascade": "session.sessions.interview: removed.",
    "alter table session.sessions rename column interview to reference": "session.sessions.interview: removed.",
    "alter table session.sessions alter column steps type smallint": "session.sessions.steps: integer became smallint.",
    "alter table bus.dead_letters add column why text not null": "bus.dead_letters.why: is new and must be given.",
    "alter table bus.outbox alter column claimed_by set not null": "bus.outbox.claimed_by: must be given now.",
    "alter table bus.outbox alter column subject drop default": "bus.outbox.subject: must be given now.",
    "alter table session.sessions add check (version > 0)": "session.sessions: CHECK ((version > 0)) is a new rule.",
    "create unique index on bus.outbox (id)": "bus.outbox: btree (id) must be unique now.",
    "alter table session.sessions drop constraint sessions_code_hash_interview_key": "session.sessions: btree "
    "(code_hash, interview) need not be unique any more, and an `on conflict` may name it.",
    "alter table mailbox.mails drop constraint mails_action_check, add constraint mails_action_check "
    "check (action in ('waiting', 'running'))": "mailbox.mails: CHECK ((action = ANY (ARRAY['waiting'::text, "
    "'running'::text]))) is a new rule.",
    "drop sequence bus.relay_numbers": "sequence bus.relay_numbers: removed.",
}
ADDITIVE = (
    "create table session.more (id uuid primary key)",
    "alter table session.sessions add column note text",
    "alter table session.sessions add column priority integer not null default 0 check (priority >= 0)",
    "alter table session.sessions alter column interview drop not null",
    "create index on session.sessions (interview)",
    "alter table session.sessions add column kind text; "
    "create unique index on session.sessions (interview) where kind = 'only one'",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=RELEASES, ids=lambda path: path.name)
async def restored(
    request: pytest.FixtureRequest, postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Database, Catalogue]]:
    """The database of a release, up to date, and its tables as the release had them."""
    folder: Path = tmp_path_factory.mktemp("release")
    with tarfile.open(request.param / moving.BACKUP) as tar:
        tar.extract("database.dump", folder, filter="data")
    with servers.own_database(postgres_server) as url:
        database = Database(url=url, maximum=2, wait_seconds=5)
        await database.start()
        try:
            await dumping.restore(database, url, folder / "database.dump")
            before = await read_catalogue(database)
            await migrate(database, SCHEMAS)
            yield database, before
        finally:
            await database.stop()


async def test_a_release_can_go_on_with_the_tables_of_this_one(restored: tuple[Database, Catalogue]) -> None:
    database, before = restored
    assert len(before.columns) > 20
    assert breaking_tables(before, await read_catalogue(database)) == []


class Undone(Exception):
    """Takes a transaction back."""


async def changed_by(database: Database, sql: str) -> tuple[Catalogue, Catalogue]:
    """The tables before and after, in a transaction that is taken back."""
    before = await read_catalogue(database)
    try:
        async with database.transaction() as connection:
            await connection.execute(sql)
            after = await read_catalogue(connection)
            raise Undone
    except Undone:
        return before, after


@pytest.mark.parametrize(("sql", "said"), BREAKING.items())
async def test_what_would_break_a_release_is_found(restored: tuple[Database, Catalogue], sql: str, said: str) -> None:
    assert said in breaking_tables(*await changed_by(restored[0], sql))


@pytest.mark.parametrize("sql", ADDITIVE)
async def test_what_only_adds_may_be_done(restored: tuple[Database, Catalogue], sql: str) -> None:
    assert breaking_tables(*await changed_by(restored[0], sql)) == []
