"""Sessions and tasks as other rooms would put them into the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import services.session.schema
import shared.bus.schema
import shared.tasks.schema
from shared.contracts.visitor import RequestFacts, UserFacts
from shared.crypto.answers import seal_step
from shared.crypto.envelope import new_data_key
from shared.crypto.keys import ServerKeys
from shared.kernel.ids import new_code, new_id, random_bytes
from shared.storage.database import Database
from shared.storage.migrations import migrate
from shared.tasks.records import NewTask, Picture
from shared.tasks.sealing import GrantedKeys
from shared.tasks.snapshot import CODE_PURPOSE
from shared.tasks.store import Tasks

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FOLDERS = [services.session.schema.SCHEMA, shared.tasks.schema.SCHEMA, shared.bus.schema.SCHEMA]


@dataclass(frozen=True)
class SavedSession:
    """One session in the database, and its keys."""

    keys: GrantedKeys
    code: str
    answers: bytes


async def make_tables(database: Database) -> None:
    """The tables that tasks live among, empty."""
    await migrate(database, FOLDERS)
    await database.execute("truncate tasks.tasks, session.sessions, bus.outbox cascade")


async def save_session(rows: Database, server_keys: ServerKeys) -> SavedSession:
    """A session with a key step and one that hangs on it."""
    session_id, key, code = new_id(), new_data_key(), new_code()
    first, answers = b"name = Ada " * 200, b"name = Ada " * 200 + b"fruit = fig"
    await rows.execute(
        "insert into session.sessions (id, interview, code_hash, code_sealed, version, steps, created_at, modified_at) "
        "values ($1, 'docs:data/questions/a.yml', $2, $3, 2, 2, $4, $4)",
        session_id,
        random_bytes(32),
        server_keys.at_rest.seal(code.encode(), purpose=CODE_PURPOSE),
        NOW,
    )
    for step, plain, dictionary in ((1, first, None), (2, answers, first)):
        await rows.execute(
            "insert into session.steps (session_id, step, version, generation, base_step, data, saved_at) "
            "values ($1, $2::int, $2::int, 1, $3, $4, $5)",
            session_id,
            step,
            None if dictionary is None else 1,
            seal_step(
                plain,
                data_key=key,
                session_id=session_id,
                step=step,
                version=step,
                generation=1,
                dictionary=dictionary,
            ),
            NOW,
        )
    return SavedSession(GrantedKeys(session_id, {1: key}), code, answers)


async def pictures_of(rows: Database, tasks: Tasks, keys: GrantedKeys) -> list[Picture]:
    """All tasks of a session as others see them, in the order of their launch."""
    ids = [str(row["id"]) for row in await rows.fetch("select id from tasks.tasks")]
    return list(await tasks.pictures(rows, ids, keys=keys))


def new_task(task_id: str | None = None, **changes: object) -> NewTask:
    """A task as a turn would launch it."""
    facts: dict[str, object] = {
        "task_id": task_id or new_id(),
        "action": "look_up",
        "arguments": b"pickled arguments",
        "mode": "flash",
        "language": "en",
        "user": UserFacts(the_user_id="t7"),
        "request": RequestFacts(client_ip="203.0.113.9"),
        "launched_at": NOW,
    }
    return NewTask(**(facts | changes))  # type: ignore[arg-type]
