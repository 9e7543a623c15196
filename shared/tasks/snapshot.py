"""The read-only look at a session that a task runs on: the newest saved answers.

The tables are the session service's
(services/session/migrations); this is the only place outside of it that reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.crypto.answers import open_step
from shared.crypto.keys import ServerKeys
from shared.kernel.errors import ColloquyError
from shared.kernel.ids import SessionCode
from shared.storage.database import Row, Statements
from shared.tasks.sealing import Keys

CODE_PURPOSE = "session code"
"""What a session's code is sealed for, under the server's key at rest."""


class SessionMissing(ColloquyError):
    """The session of this task no longer exists, or has never been saved."""


class SessionClosed(ColloquyError):
    """The session got a new key that this task was not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A session as it was last saved."""

    session_id: str
    interview: str
    code: SessionCode = field(repr=False)
    version: int
    steps: int
    is_multi_user: bool
    answers: bytes = field(repr=False)


def look_statement(session_id: str) -> str:
    """The newest state of the session that an SQL expression names, as one row for `Snapshots.of`; no row without it.

    To be joined laterally in the statement that claims a task: one statement sees one state of the database.
    """
    return f"""
select s.interview as look_interview, s.code_sealed, s.version, s.steps, s.multi_user,
       n.step, n.version as step_version, n.generation, n.data,
       b.step as base_step, b.version as base_version, b.generation as base_generation, b.data as base_data
from session.sessions s
join session.steps n on n.session_id = s.id and n.step = s.steps
left join session.steps b on b.session_id = s.id and b.step = n.base_step
where s.id = {session_id}
limit 1
"""  # noqa: S608  (made of constants)


_READ = look_statement("$1")


class Snapshots:
    """Reads sessions for those who hold their keys."""

    def __init__(self, *, server_keys: ServerKeys) -> None:
        self._server_keys = server_keys

    async def read(self, statements: Statements, *, keys: Keys) -> Snapshot:
        """The newest state. Raises SessionMissing, SessionClosed, SealBroken."""
        return self.of(await statements.fetchrow(_READ, keys.session_id), keys=keys)

    def of(self, row: Row | None, *, keys: Keys) -> Snapshot:
        """The state that a row of `look_statement` holds. Raises as `read` does."""
        if row is None or row["look_interview"] is None:
            raise SessionMissing
        return Snapshot(
            session_id=keys.session_id,
            interview=row["look_interview"],
            code=SessionCode(self._server_keys.at_rest.open(row["code_sealed"], purpose=CODE_PURPOSE).decode()),
            version=row["version"],
            steps=row["steps"],
            is_multi_user=row["multi_user"],
            answers=_answers(row, keys),
        )


def _answers(row: Row, keys: Keys) -> bytes:
    dictionary = None
    if row["base_step"] is not None:
        dictionary = open_step(
            row["base_data"],
            data_key=_key(keys, row["base_generation"]),
            session_id=keys.session_id,
            step=row["base_step"],
            version=row["base_version"],
            generation=row["base_generation"],
        )
    return open_step(
        row["data"],
        data_key=_key(keys, row["generation"]),
        session_id=keys.session_id,
        step=row["step"],
        version=row["step_version"],
        generation=row["generation"],
        dictionary=dictionary,
    )


def _key(keys: Keys, generation: int) -> bytes:
    try:
        return keys.by_generation[generation]
    except KeyError:
        raise SessionClosed from None
