"""The read-only look at a session that a task runs on: the newest saved answers.

The tables are the session service's
(services/session/migrations); this is the only place outside of it that reads them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.crypto.answers import open_step
from shared.crypto.chain import PlainSessionRow, check_rows
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
       s.generation as newest_generation, s.allow_cron, s.header_sealed, s.rows_mac,
       n.step, n.version as step_version, n.generation, n.data, n.previous_mac, b.step as base_step,
       b.version as base_version, b.generation as base_generation, b.data as base_data,
       b.previous_mac as base_previous_mac
from session.sessions s
join lateral (select * from session.steps l where l.session_id = s.id order by l.step desc limit 1) n on true
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
        """The newest state. Raises SessionMissing, SessionClosed, RowPutBack, SealBroken."""
        return self.of(await statements.fetchrow(_READ, keys.session_id), keys=keys)

    def of(self, row: Row | None, *, keys: Keys) -> Snapshot:
        """The state that a row of `look_statement` holds. Raises as `read` does."""
        if row is None or row["look_interview"] is None:
            raise SessionMissing
        _check_rows(row, keys)
        return Snapshot(
            session_id=keys.session_id,
            interview=row["look_interview"],
            code=SessionCode(self._server_keys.at_rest.open(row["code_sealed"], purpose=CODE_PURPOSE).decode()),
            version=row["version"],
            steps=row["steps"],
            is_multi_user=row["multi_user"],
            answers=_answers(row, keys),
        )


@dataclass(frozen=True, slots=True)
class _Step:
    step: int
    version: int
    generation: int
    previous_mac: bytes | None


def _check_rows(row: Row, keys: Keys) -> None:
    """As the session service does when it loads a session. Raises SessionClosed, RowPutBack."""
    for generation in (row["newest_generation"], row["generation"]):
        _key(keys, generation)
    step = _Step(row["step"], row["step_version"], row["generation"], row["previous_mac"])
    session = PlainSessionRow(
        session_id=keys.session_id,
        version=row["version"],
        newest_step=row["steps"],
        generation=row["newest_generation"],
        is_multi_user=row["multi_user"],
        allow_cron=row["allow_cron"],
        header_sealed=row["header_sealed"],
        rows_mac=row["rows_mac"],
    )
    check_rows(session, {step.step: step}, keys.by_generation)


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
            previous_mac=row["base_previous_mac"],
        )
    return open_step(
        row["data"],
        data_key=_key(keys, row["generation"]),
        session_id=keys.session_id,
        step=row["step"],
        version=row["step_version"],
        generation=row["generation"],
        dictionary=dictionary,
        previous_mac=row["previous_mac"],
    )


def _key(keys: Keys, generation: int) -> bytes:
    try:
        return keys.by_generation[generation]
    except KeyError:
        raise SessionClosed from None
