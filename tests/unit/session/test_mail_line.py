"""One mail of a session after another: a turn that launches nothing holds nobody up."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

from services.session.keys import DataKeys
from services.session.mail_line import MailLine
from services.session.turn import Turns
from shared.contracts.session import TurnReply
from shared.evaluation.port import Evaluator
from shared.interview.runtime.effects import LaunchTask
from shared.interview.runtime.outcomes import Finished, RunResult
from shared.kernel.clock import SystemClock
from shared.kernel.ids import SessionId, new_id
from shared.storage.database import Database
from shared.storage.migrations import migrate
from shared.tasks.store import Tasks
from tests.fault.schemas import ALL_SCHEMAS


class TurnsThatLaunch:
    """Turns that launch a task, or none."""

    def __init__(self, database: Database, *launched: str) -> None:
        self._database, self._launched = database, list(launched)

    async def run(self, request: Any, *, granted: Any = None, also: Any) -> Any:
        task_id = self._launched.pop(0)
        effects = (LaunchTask(task_id=task_id, action="incoming_email", arguments_blob=""),) if task_id else ()
        async with self._database.transaction() as connection:
            runs = [(RunResult(outcome=Finished(), effects=effects), {})]
            await also(connection, runs, DataKeys(request.session_id, 1, {1: bytes(32)}), 1)
        return SimpleNamespace(reply=TurnReply(kind="command"))


class OneBlock:
    """An interview that wants mail."""

    async def describe(self, interview: str, language: str) -> dict[str, Any]:
        return {"actions": ["incoming_email"]}


async def test_the_next_mail_is_taken_up_after_one_that_launches_nothing(database: Database) -> None:
    await migrate(database, ALL_SCHEMAS)
    session_id, clock, task_id = SessionId(new_id()), SystemClock(), new_id()
    await database.execute(
        "insert into mailbox.addresses (local_part, session_id, interview, owner, facts_sealed, public_key, "
        "private_sealed, created_at) "
        "values ('abcdef', $1, 'tests:post.yml', 't1', '', '', '', $2)",
        session_id,
        clock.now(),
    )
    mails = [new_id(), new_id()]
    for number, mail_id in enumerate(mails):
        await database.execute(
            "insert into mailbox.mails (id, local_part, session_id, digest, state, size_bytes, received_at, "
            "contents_box, raw_location, part_locations) "
            "values ($1, 'abcdef', $2, $3, 'received', 1, $4, '', '', '{}')",
            mail_id,
            session_id,
            bytes([number]),
            clock.now() + timedelta(seconds=number),
        )
    line = MailLine(
        database=database,
        turns=cast(Turns, TurnsThatLaunch(database, "", task_id)),
        tasks=cast(Tasks, None),
        evaluator=cast(Evaluator, OneBlock()),
        clock=clock,
        url_root="https://forms.example.org/",
    )
    await line.go_on(session_id)
    rows = await database.fetch("select id::text, action, task_id::text from mailbox.mails order by received_at")
    assert [tuple(row) for row in rows] == [(mails[0], "failed", None), (mails[1], "running", task_id)]
