"""The session's side of tasks: launch them, look at them, take their results in, revoke and forget them.

Everything runs on the caller's connection, so that it commits with the answers or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from shared.crypto.keys import ServerKeys
from shared.storage.database import Row, Statements
from shared.tasks.records import (
    REVOKED,
    EndedTask,
    Failure,
    FinalState,
    NewTask,
    Outcome,
    Picture,
    StaleTask,
    TaskResult,
    failure_of,
)
from shared.tasks.sealing import (
    Keys,
    make_grant,
    make_grants,
    open_grants,
    seal,
    seal_model,
    seal_visitor,
    unseal,
    unseal_failure,
    unseal_model,
    unseal_visitor,
)

RING_AGAIN_SECONDS = 900
"""When a doorbell seems to have been lost, it is rung again; each time after twice as long."""

_INSERT = """
with new_tasks as (
    insert into tasks.tasks (id, session_id, action, arguments_sealed, visitor_sealed, audience, mode, language,
                             is_low_priority, launched_at, due_at)
    select t.id, $1, t.action, t.arguments, t.visitor, t.audience, t.mode, t.language, t.low, t.launched,
           now() + make_interval(secs => $14)
    from unnest($2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::text[], $7::text[], $8::text[], $9::boolean[],
                $15::timestamptz[])
        as t (id, action, arguments, visitor, audience, mode, language, low, launched)
    on conflict (id) do nothing
    returning id
)
insert into tasks.grants (task_id, generation, wrapped, key_id)
select g.task_id, g.generation, g.wrapped, g.key_id
from new_tasks join unnest($10::uuid[], $11::int[], $12::bytea[], $13::text[])
    as g (task_id, generation, wrapped, key_id) on g.task_id = new_tasks.id
"""

_OPEN_TASKS = "select id from tasks.tasks where session_id = $1 and ended_at is null"
_EXTEND = """
insert into tasks.grants (task_id, generation, wrapped, key_id)
select * from unnest($1::uuid[], $2::int[], $3::bytea[], $4::text[]) on conflict do nothing
"""

_PICTURES = """
select id::text, state, ended_at, failure_sealed, reason from tasks.tasks where session_id = $1 order by launched_at, id
"""

_ENDED = """
select t.session_id, t.fencing, t.outcome_sealed, t.followup_sealed, t.payload_sealed, t.reason, t.mode, t.language,
       t.audience, t.visitor_sealed,
       array(select row(g.generation, g.wrapped) from tasks.grants g where g.task_id = t.id) as grants
from tasks.tasks t where t.id = $1 and t.state = 'responding'
"""

_FINISH = """
with ended as (
    update tasks.tasks
    set state = $3, payload_sealed = coalesce($4, payload_sealed), failure_sealed = $5, ended_at = $6,
        outcome_sealed = null, followup_sealed = null, due_at = null, lease_owner = null
    where id = $1 and fencing = $2 and state = 'responding'
    returning id
), closed as (
    delete from tasks.grants using ended where task_id = ended.id
)
select id from ended
"""

_REVOKE = """
with ended as (
    update tasks.tasks
    set state = 'revoked', fencing = fencing + 1, ended_at = $4, due_at = null, lease_owner = null,
        outcome_sealed = null, followup_sealed = null, payload_sealed = null
    where id::text = $1 and session_id = $2
      and (state = 'pending' or ($3 and state in ('running', 'responding')))
    returning id
), closed as (
    delete from tasks.grants using ended where task_id = ended.id
)
select id from ended
"""

_REVOKE_ALL = """
with ended as (
    update tasks.tasks
    set state = 'revoked', fencing = fencing + 1, ended_at = $2, due_at = null, lease_owner = null,
        outcome_sealed = null, followup_sealed = null, payload_sealed = null
    where session_id = $1 and ended_at is null
    returning id
), closed as (
    delete from tasks.grants using ended where task_id = ended.id
)
select id::text from ended
"""

_RESULT = """
select id::text, state, ended_at, failure_sealed, reason, payload_sealed
from tasks.tasks where id::text = $1 and session_id = $2
"""

_FORGET = "delete from tasks.tasks where session_id = $1"


def pictures_expression(session_id: str) -> str:
    """SQL for an array of rows, to be selected in the statement that loads a session: one statement sees one state.

    `session_id` is an SQL expression written in code, e.g. `s.id`. What comes out goes to `Tasks.pictures_of`.
    """
    return (
        "array(select row(t.id::text, t.state, t.ended_at, t.failure_sealed, t.reason) "  # noqa: S608
        f"from tasks.tasks t where t.session_id = {session_id} order by t.launched_at, t.id)"
    )


class Tasks:
    """Task rows, as a session's turns use them."""

    def __init__(self, *, server_keys: ServerKeys) -> None:
        self._server_keys = server_keys

    async def insert(self, statements: Statements, tasks: Sequence[NewTask], *, keys: Keys) -> None:
        """Launch tasks of one session, each with its grant. A task that is there already is left as it is."""
        if not tasks:
            return
        grants = [
            (task.task_id, grant) for task in tasks for grant in make_grants(keys, task.task_id, self._server_keys)
        ]
        await statements.execute(
            _INSERT,
            keys.session_id,
            [task.task_id for task in tasks],
            [task.action for task in tasks],
            [seal(task.arguments, "arguments", task.task_id, keys) for task in tasks],
            [seal_visitor(task.user, task.request, task.task_id, keys) for task in tasks],
            [task.user.the_user_id for task in tasks],
            [task.mode for task in tasks],
            [task.language for task in tasks],
            [task.is_low_priority for task in tasks],
            [task_id for task_id, _ in grants],
            [grant.generation for _, grant in grants],
            [grant.wrapped for _, grant in grants],
            [grant.key_id for _, grant in grants],
            float(RING_AGAIN_SECONDS),
            [task.launched_at for task in tasks],
        )

    async def extend_grants(self, statements: Statements, *, keys: Keys) -> None:
        """A session got a new data key: let its unfinished tasks open that too."""
        rows = await statements.fetch(_OPEN_TASKS, keys.session_id)
        grants = [(row["id"], make_grant(keys, keys.generation, row["id"], self._server_keys)) for row in rows]
        if grants:
            await statements.execute(
                _EXTEND,
                [task_id for task_id, _ in grants],
                [grant.generation for _, grant in grants],
                [grant.wrapped for _, grant in grants],
                [grant.key_id for _, grant in grants],
            )

    async def pictures(self, statements: Statements, *, keys: Keys) -> tuple[Picture, ...]:
        """All tasks of a session, in the order of their launch."""
        return self.pictures_of(await statements.fetch(_PICTURES, keys.session_id), keys=keys)

    def pictures_of(self, rows: Iterable[Row | Sequence[Any]], *, keys: Keys) -> tuple[Picture, ...]:
        """The same, out of the rows that `pictures_expression` gave."""
        return tuple(picture_of(row, keys) for row in rows)

    async def ended(self, statements: Statements, task_id: str) -> EndedTask | None:
        """A task whose first phase has ended, opened by its grant; None when there is nothing left to take in.

        Raises GrantBroken.
        """
        row = await statements.fetchrow(_ENDED, task_id)
        if row is None:
            return None
        keys = open_grants(row["grants"], session_id=row["session_id"], task_id=task_id, server_keys=self._server_keys)
        if row["outcome_sealed"] is not None:
            outcome = unseal_model(Outcome, row["outcome_sealed"], "outcome", task_id, keys)
        else:
            outcome = Outcome(kind="failed", failure=failure_of(row["reason"] or "worker_lost"))
        user, request = unseal_visitor(row["visitor_sealed"], task_id, keys)
        return EndedTask(
            task_id=task_id,
            session_id=row["session_id"],
            fencing=row["fencing"],
            outcome=outcome,
            arguments=_opened(row["followup_sealed"], "followup", task_id, keys) or b"",
            payload=_opened(row["payload_sealed"], "payload", task_id, keys) or b"",
            mode=row["mode"],
            language=row["language"],
            audience=row["audience"],
            user=user,
            request=request,
            keys=keys.by_generation,
        )

    async def finish(
        self,
        statements: Statements,
        task_id: str,
        fencing: int,
        *,
        keys: Keys,
        state: FinalState,
        now: datetime,
        payload: bytes | None = None,
        failure: Failure | None = None,
    ) -> None:
        """End a task for good, in the commit of the turn that took its result in; its grant is gone with it.

        `payload` is the pickled value of a response or error action; without one a value of the task itself stays.
        Raises StaleTask when the task has ended otherwise meanwhile: the turn must not be committed then.
        """
        ended = await statements.fetchval(
            _FINISH,
            task_id,
            fencing,
            state,
            None if payload is None else seal(payload, "payload", task_id, keys),
            None if failure is None else seal_model(failure, "failure", task_id, keys),
            now,
        )
        if ended is None:
            raise StaleTask(f"Task {task_id}, fencing {fencing}.")

    async def fail_for_lost_key(self, statements: Statements, task_id: str, fencing: int, *, now: datetime) -> bool:
        """End a task whose grant does not open its session; False when it has ended otherwise."""
        return await statements.fetchval(_FAIL_FOR_LOST_KEY, task_id, fencing, now) is not None

    async def revoke(
        self, statements: Statements, task_id: str, *, session_id: str, terminate: bool, now: datetime
    ) -> bool:
        """Revoke a task of this session; without `terminate` only one that has not begun.

        False when that was without effect: ended, begun or unknown. When true, announce TaskRevoked.
        """
        return await statements.fetchval(_REVOKE, task_id, session_id, terminate, now) is not None

    async def revoke_all(self, statements: Statements, session_id: str, *, now: datetime) -> list[str]:
        """Revoke whatever has not ended; gives the ids, for TaskRevoked.

        A task that a worker is recording just now may launch others in the same transaction: the first statement waits
        for it, the next one sees those.
        """
        revoked: list[str] = []
        while rows := await statements.fetch(_REVOKE_ALL, session_id, now):
            revoked += [row["id"] for row in rows]
        return revoked

    async def result(self, statements: Statements, task_id: str, *, keys: Keys) -> TaskResult | None:
        """How a task of this session stands, with its pickled value; None when there is no such task."""
        row = await statements.fetchrow(_RESULT, task_id, keys.session_id)
        if row is None:
            return None
        payload = _opened(row["payload_sealed"], "payload", task_id, keys) if row["ended_at"] is not None else None
        return TaskResult(picture_of(row, keys), payload)

    async def forget(self, statements: Statements, session_id: str) -> None:
        """Delete all tasks of a session that is deleted. Those that run are ended when they report."""
        await statements.execute(_FORGET, session_id)


_FAIL_FOR_LOST_KEY = """
with ended as (
    update tasks.tasks
    set state = 'failed', reason = 'key_lost', ended_at = $3, due_at = null, lease_owner = null,
        outcome_sealed = null, followup_sealed = null, payload_sealed = null
    where id = $1 and fencing = $2 and state in ('running', 'responding')
    returning id
), closed as (
    delete from tasks.grants using ended where task_id = ended.id
)
select id from ended
"""


def picture_of(row: Row | Sequence[Any], keys: Keys) -> Picture:
    """One task out of a row that begins with id, state, ended_at, failure_sealed, reason."""
    task_id, state, ended_at, failure_sealed, reason = row[0], row[1], row[2], row[3], row[4]
    failure: Failure | None = None
    if state == "revoked":
        failure = REVOKED
    elif failure_sealed is not None:
        failure = unseal_failure(failure_sealed, task_id, keys)
    elif reason is not None and ended_at is not None:
        failure = failure_of(reason)
    return Picture(task_id, "running" if state == "responding" else state, ended_at, failure)


def _opened(sealed: bytes | None, column: str, task_id: str, keys: Keys) -> bytes | None:
    return None if sealed is None else unseal(sealed, column, task_id, keys)
