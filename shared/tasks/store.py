"""The session's side of tasks: launch them, look at them, take their results in, revoke and forget them.

Everything runs on the caller's connection, so that it commits with the answers or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.crypto.aead import SealBroken
from shared.crypto.keys import ServerKeys
from shared.storage.database import Row, Statements
from shared.tasks.records import (
    REVOKED,
    EndedTask,
    Failure,
    FinalState,
    GrantBroken,
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
    unseal_progress,
    unseal_visitor,
)

RING_AGAIN_SECONDS = 900
"""When a doorbell seems to have been lost, it is rung again; each time after twice as long."""

SPREAD_SECONDS = 1.0
"""How far apart the tasks of one session stand in the line."""

# The line is ordered by `turn_at`: a session's waiting tasks stand one after the other, `SPREAD_SECONDS` apart, however
# many were launched at once. So a newcomer goes before the rest of ten thousand; and as the clock moves on past their
# places, newcomers without end cannot keep them waiting for ever. Nobody waits while there is room.
_INSERT = """
with last as (
    select max(turn_at) as turn_at from tasks.tasks where session_id = $1 and state = 'pending'
), new_tasks as (
    insert into tasks.tasks (id, session_id, action, arguments_sealed, visitor_sealed, audience, mode, language,
                             is_low_priority, launched_at, interview, time_limit_seconds, is_idempotent, due_at,
                             turn_at)
    select t.id, $1, t.action, t.arguments, t.visitor, t.audience, t.mode, t.language, t.low, t.launched,
           t.interview, t.time_limit, t.idempotent, now() + make_interval(secs => $14),
           greatest(now(), last.turn_at + make_interval(secs => $19)) + make_interval(secs => $19 * (t.place - 1))
    from unnest($2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::text[], $7::text[], $8::text[], $9::boolean[],
                $15::timestamptz[], $16::text[], $17::double precision[], $18::boolean[])
        with ordinality
        as t (id, action, arguments, visitor, audience, mode, language, low, launched, interview, time_limit,
              idempotent, place),
        last
    on conflict (id) do nothing
    returning id
)
insert into tasks.grants (task_id, generation, wrapped, key_id)
select g.task_id, g.generation, g.wrapped, g.key_id
from new_tasks join unnest($10::uuid[], $11::int[], $12::bytea[], $13::text[])
    as g (task_id, generation, wrapped, key_id) on g.task_id = new_tasks.id
"""

_OPEN_TASKS = "select id from tasks.tasks where session_id = $1 and ended_at is null"
_HOLD_OPEN_TASKS = f"{_OPEN_TASKS} order by id for update"
_EXTEND = """
insert into tasks.grants (task_id, generation, wrapped, key_id)
select * from unnest($1::uuid[], $2::int[], $3::bytea[], $4::text[]) on conflict do nothing
"""

_STATE = "select state from tasks.tasks where id = $1"
_PICTURE = "id::text, state, ended_at, failure_sealed, reason, progress, progress_sealed"

_PICTURES = f"""
select {_PICTURE} from tasks.tasks where session_id = $1 and id = any($2::uuid[]) order by launched_at, id
"""  # noqa: S608  (made of constants)

# Both halves go along the index of a session's tasks, from the one that is named. What a later version of the answers
# has taken in still runs for who has loaded an earlier one.
_PICTURES_NEAR = """
with named as (
    select launched_at, id from tasks.tasks where id = $2 and session_id = $1
), near as (
    (select t.*, coalesce(t.ended_version > $5, false) as is_later from tasks.tasks t, named
     where t.session_id = $1 and (t.launched_at, t.id) >= (named.launched_at, named.id)
     order by t.launched_at, t.id limit $3)
    union all
    (select t.*, coalesce(t.ended_version > $5, false) as is_later from tasks.tasks t, named
     where t.session_id = $1 and (t.launched_at, t.id) < (named.launched_at, named.id)
     order by t.launched_at desc, t.id desc limit $4)
)
select id::text, case when is_later then 'running' else state end, case when not is_later then ended_at end,
       case when not is_later then failure_sealed end, case when not is_later then reason end,
       progress, progress_sealed
from near
"""

_ENDED = """
select t.id::text as id, t.session_id, t.fencing, t.outcome_sealed, t.followup_sealed, t.payload_sealed, t.reason,
       t.mode, t.language, t.audience, t.visitor_sealed, t.interview,
       array(select row(g.generation, g.wrapped) from tasks.grants g where g.task_id = t.id) as grants
from tasks.tasks t where t.id = any($1::uuid[]) and t.state = 'responding'
"""

FINISH_PARTS = """
asked as (
    select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::bytea[], $5::bytea[])
        as a (id, fencing, state, payload, failure)
), ended as (
    update tasks.tasks t
    set state = a.state, payload_sealed = coalesce(a.payload, t.payload_sealed), failure_sealed = a.failure,
        ended_at = $6, ended_version = $7, outcome_sealed = null, followup_sealed = null, due_at = null,
        lease_owner = null
    from asked a where t.id = a.id and t.fencing = a.fencing and t.state = 'responding'
    returning t.id, t.fencing, t.session_id
), closed as (
    delete from tasks.grants using ended where task_id = ended.id
)
"""
"""Parts of a statement that ends tasks for good, with the parameters of `finish_parameters`; `ended` has those that it
ended: id, fencing and session_id."""

TOLD_PART = """told as (
    update tasks.tasks t set told_notice = a.id from acknowledged a where t.id = a.task_id and t.told_notice is null
)"""
"""Part of a statement that notes whose notice was carried out; `acknowledged` has id and task_id of those."""

_FINISH = f"with {FINISH_PARTS} select id::text as id, fencing from ended"  # noqa: S608  (made of constants)

_REVOKE = """
with ended as (
    update tasks.tasks
    set state = 'revoked', fencing = fencing + 1, ended_at = $4, due_at = null, lease_owner = null,
        outcome_sealed = null, followup_sealed = null, payload_sealed = null
    where id = $1 and session_id = $2
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
select id::text, state, ended_at, failure_sealed, reason, progress, progress_sealed, payload_sealed
from tasks.tasks where id = $1 and session_id = $2
"""

_FORGET = "delete from tasks.tasks where session_id = $1"


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """How one task ends for good."""

    task_id: str
    fencing: int
    keys: Keys
    state: FinalState
    payload: bytes | None = field(default=None, repr=False)
    """Pickled value of a response or error action; without one a value of the task itself stays."""
    failure: Failure | None = None


def finish_parameters(ends: Sequence[TaskEnd], *, now: datetime, version: int | None) -> list[object]:
    """The seven parameters of FINISH_PARTS, sealed. `version` is that of the answers that are saved with it."""
    payloads = [None if end.payload is None else seal(end.payload, "payload", end.task_id, end.keys) for end in ends]
    failures = [
        None if end.failure is None else seal_model(end.failure, "failure", end.task_id, end.keys) for end in ends
    ]
    return [
        [end.task_id for end in ends],
        [end.fencing for end in ends],
        [end.state for end in ends],
        payloads,
        failures,
        now,
        version,
    ]


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
            [task.interview for task in tasks],
            [task.time_limit_seconds for task in tasks],
            [task.is_idempotent for task in tasks],
            SPREAD_SECONDS,
        )

    async def extend_grants(self, statements: Statements, *, keys: Keys) -> None:
        """A session got a new data key: let its unfinished tasks open that too.

        A task that is recording its end just now may launch others in the same transaction: it is waited for, and the
        second look sees what it has launched.
        """
        await statements.fetch(_HOLD_OPEN_TASKS, keys.session_id)
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

    async def pictures(self, statements: Statements, task_ids: Iterable[str], *, keys: Keys) -> tuple[Picture, ...]:
        """How these tasks of a session stand now, in the order of their launch; others are left out."""
        ids = [each for each in task_ids if is_task_id(each)]
        rows = await statements.fetch(_PICTURES, keys.session_id, ids) if ids else ()
        return tuple(picture_of(row, keys) for row in rows)

    async def pictures_near(
        self, statements: Statements, task_id: str, *, keys: Keys, version: int, number: int
    ) -> tuple[Picture, ...]:
        """How a task stood in a version of its session's answers, and those launched before and after it.

        A task whose response action was saved in a later version still runs there: whoever sees that it has ended also
        sees what it has changed. At most `number` of them, about half on each side; none when it is not of the session.
        """
        if not is_task_id(task_id):
            return ()
        before = number // 2
        rows = await statements.fetch(_PICTURES_NEAR, keys.session_id, task_id, number - before, before, version)
        return tuple(picture_of(row, keys) for row in rows)

    async def ended(self, statements: Statements, task_id: str) -> EndedTask | None:
        """A task whose first phase has ended, opened by its grant; None when there is nothing left to take in.

        Raises GrantBroken.
        """
        [ended] = await self.ended_all(statements, [task_id])
        if isinstance(ended, Exception):
            raise ended
        return ended

    async def ended_all(
        self, statements: Statements, task_ids: Sequence[str]
    ) -> list[EndedTask | GrantBroken | SealBroken | None]:
        """The same for several, in the order of their ids; what keeps one from being opened stands in its place."""
        rows = {row["id"]: row for row in await statements.fetch(_ENDED, list(task_ids))}
        return [self._ended(rows[task_id]) if task_id in rows else None for task_id in task_ids]

    def _ended(self, row: Row) -> EndedTask | GrantBroken | SealBroken:
        task_id = row["id"]
        try:
            keys = open_grants(
                row["grants"], session_id=row["session_id"], task_id=task_id, server_keys=self._server_keys
            )
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
                interview=row["interview"],
            )
        except (GrantBroken, SealBroken) as error:
            return error

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
        version: int | None = None,
    ) -> None:
        """End a task for good, in the commit of the turn that took its result in; its grant is gone with it.

        `payload` is the pickled value of a response or error action; without one a value of the task itself stays.
        `version` is that of the answers this turn saves; None when it leaves them alone.
        Raises StaleTask when the task has ended otherwise meanwhile: the turn must not be committed then.
        """
        end = TaskEnd(task_id, fencing, keys, state, payload, failure)
        if not await statements.fetch(_FINISH, *finish_parameters([end], now=now, version=version)):
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
        if not is_task_id(task_id):
            return False
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

    async def has_ended(self, statements: Statements, task_id: str) -> bool:
        """Whether a task is over for good; one that is not there any more is."""
        state = await statements.fetchval(_STATE, task_id)
        return state in (None, "succeeded", "failed", "revoked")

    async def result(self, statements: Statements, task_id: str, *, keys: Keys) -> TaskResult | None:
        """How a task of this session stands, with its pickled value; None when there is no such task."""
        row = await statements.fetchrow(_RESULT, task_id, keys.session_id) if is_task_id(task_id) else None
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


def is_task_id(text: str) -> bool:
    """Whether a text is an id of a task as it is stored: what interview processes say is not trusted."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def picture_of(row: Row | Sequence[Any], keys: Keys) -> Picture:
    """One task out of a row that begins with id, state, ended_at, failure_sealed, reason, progress, progress_sealed."""
    task_id, state, ended_at, failure_sealed, reason = row[0], row[1], row[2], row[3], row[4]
    failure: Failure | None = None
    if state == "revoked":
        failure = REVOKED
    elif failure_sealed is not None:
        failure = unseal_failure(failure_sealed, task_id, keys)
    elif reason is not None and ended_at is not None:
        failure = failure_of(reason)
    message = "" if row[6] is None or ended_at is not None else unseal_progress(row[6], task_id, keys)
    return Picture(task_id, "running" if state == "responding" else state, ended_at, failure, row[5], message)


def _opened(sealed: bytes | None, column: str, task_id: str, keys: Keys) -> bytes | None:
    return None if sealed is None else unseal(sealed, column, task_id, keys)
