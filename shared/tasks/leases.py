"""The worker's side of tasks: take one under a lease, keep the lease, report; and look after what nobody looks after.

Times are the database's, so that workers whose clocks differ agree on when a lease ends. A claim raises the fencing
number; whoever lost the lease can neither renew nor report. A task whose code had begun when its worker vanished is not
run again, because it may have done half of its work (spec/area1 §4.7): it fails as WorkerLost. One that had not begun
is taken over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from shared.contracts.visitor import RequestFacts, UserFacts
from shared.crypto.aead import SealBroken
from shared.crypto.keys import ServerKeys
from shared.storage.database import Statements
from shared.tasks.records import GrantBroken, Outcome, StaleTask
from shared.tasks.sealing import GrantedKeys, open_grants, seal, seal_model, unseal, unseal_visitor
from shared.tasks.store import RING_AGAIN_SECONDS

MOST_CLAIMS = 5
"""A task that was claimed so often and never began fails: something about it ends its workers."""

_CLAIM = """
with claimed as (
    update tasks.tasks
    set state = 'running', fencing = fencing + 1, lease_owner = $2, begun_at = null,
        due_at = now() + make_interval(secs => $3)
    where id = $1 and (state = 'pending' or (state = 'running' and begun_at is null and due_at < now()))
    returning *
)
select c.session_id, c.fencing, c.action, c.arguments_sealed, c.visitor_sealed, c.language, c.mode,
       array(select row(g.generation, g.wrapped) from tasks.grants g where g.task_id = c.id) as grants
from claimed c
"""

_BEGIN = """
update tasks.tasks set begun_at = now(), due_at = now() + make_interval(secs => $3)
where id = $1 and fencing = $2 and state = 'running' returning id
"""

_RENEW = """
update tasks.tasks set due_at = now() + make_interval(secs => $3)
where id = $1 and fencing = $2 and state = 'running' returning id
"""

_GIVE_BACK = """
update tasks.tasks set state = 'pending', lease_owner = null, due_at = now() + make_interval(secs => $3)
where id = $1 and fencing = $2 and state = 'running' and begun_at is null returning id
"""

_RECORD = """
update tasks.tasks
set state = 'responding', outcome_sealed = $3, followup_sealed = $4, payload_sealed = $5, reason = $6,
    lease_owner = null, rings = 0, due_at = now() + make_interval(secs => $7)
where id = $1 and fencing = $2 and state = 'running' returning id
"""

_OVERDUE = """
with late as (
    select id, state, begun_at is not null or fencing >= $2 as is_lost, rings
    from tasks.tasks where due_at < now() and id <> all($4::uuid[]) order by due_at limit $1 for update skip locked
)
update tasks.tasks t
set state = case when late.state = 'running' then case when late.is_lost then 'responding' else 'pending' end
                 else late.state end,
    reason = case when late.state = 'running' and late.is_lost then 'worker_lost' else t.reason end,
    lease_owner = null,
    rings = late.rings + 1,
    due_at = now() + make_interval(secs => $3 * power(2, least(late.rings, 6)))
from late where t.id = late.id
returning t.id::text as id, t.session_id::text as session_id, t.state, t.fencing, t.is_low_priority, late.state as was
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A task taken under a lease, opened by its grant."""

    task_id: str
    session_id: str
    fencing: int
    action: str
    arguments: bytes = field(repr=False)
    mode: str | None
    language: str
    user: UserFacts
    request: RequestFacts
    keys: GrantedKeys


@dataclass(frozen=True, slots=True)
class Overdue:
    """A task nobody looked after in time, and what is to be said on the bus about it now."""

    task_id: str
    session_id: str
    fencing: int
    say: Literal["run", "run_low", "ended"]
    was_lost: bool
    """Its worker vanished in the middle of it."""


class Leases:
    """Task rows, as workers use them."""

    def __init__(self, *, server_keys: ServerKeys) -> None:
        self._server_keys = server_keys

    async def claim(self, statements: Statements, task_id: str, *, owner: str, lease_seconds: float) -> Claim | None:
        """Take a task; None when it is taken, ended or gone.

        Raises KeyLost with the fencing number to report with, when what was stored of it cannot be opened.
        """
        row = await statements.fetchrow(_CLAIM, task_id, owner, float(lease_seconds))
        if row is None:
            return None
        session_id, fencing = row["session_id"], row["fencing"]
        try:
            keys = open_grants(row["grants"], session_id=session_id, task_id=task_id, server_keys=self._server_keys)
            user, request = unseal_visitor(row["visitor_sealed"], task_id, keys)
            arguments = unseal(row["arguments_sealed"], "arguments", task_id, keys)
        except (GrantBroken, SealBroken) as error:
            raise KeyLost(session_id, fencing) from error
        return Claim(
            task_id=task_id,
            session_id=session_id,
            fencing=fencing,
            action=row["action"],
            arguments=arguments,
            mode=row["mode"],
            language=row["language"],
            user=user,
            request=request,
            keys=keys,
        )

    async def begin(self, statements: Statements, claim: Claim, *, lease_seconds: float) -> None:
        """Note that interview code begins to run: from here on the task is not taken over. Raises StaleTask."""
        await _fenced(statements, _BEGIN, claim.task_id, claim.fencing, float(lease_seconds))

    async def renew(self, statements: Statements, claim: Claim, *, lease_seconds: float) -> None:
        """Keep the lease. Raises StaleTask when it is lost: revoked, or taken over."""
        await _fenced(statements, _RENEW, claim.task_id, claim.fencing, float(lease_seconds))

    async def give_back(self, statements: Statements, claim: Claim, *, after_seconds: float) -> None:
        """Return a task that has not begun; it is rung again after a while. Raises StaleTask."""
        await _fenced(statements, _GIVE_BACK, claim.task_id, claim.fencing, float(after_seconds))

    async def record_outcome(
        self,
        statements: Statements,
        claim: Claim,
        outcome: Outcome,
        *,
        arguments: bytes | None = None,
        payload: bytes | None = None,
    ) -> None:
        """Report how the first phase ended: `arguments` for the response or error action, `payload` for a value.

        The caller adds BackgroundEnded to the outbox in the same transaction. Raises StaleTask when the lease is lost.
        """
        task_id, keys = claim.task_id, claim.keys
        await _fenced(
            statements,
            _RECORD,
            task_id,
            claim.fencing,
            seal_model(outcome, "outcome", task_id, keys),
            None if arguments is None else seal(arguments, "followup", task_id, keys),
            None if payload is None else seal(payload, "payload", task_id, keys),
            None,
            float(RING_AGAIN_SECONDS),
        )

    async def take_overdue(
        self, statements: Statements, *, besides: Sequence[str] = (), limit: int = 100
    ) -> Sequence[Overdue]:
        """Put tasks right whose lease has ended or whose message seems lost; gives what to say about each.

        `besides` are tasks that somebody is known to look after.

        The caller adds those messages to the outbox in the same transaction. Several workers may do this at once.
        """
        rows = await statements.fetch(_OVERDUE, limit, MOST_CLAIMS, float(RING_AGAIN_SECONDS), list(besides))
        return [
            Overdue(
                row["id"],
                row["session_id"],
                row["fencing"],
                "ended" if row["state"] == "responding" else "run_low" if row["is_low_priority"] else "run",
                was_lost=row["was"] == "running" and row["state"] == "responding",
            )
            for row in rows
        ]


class KeyLost(GrantBroken):
    """A task was claimed, but its grant does not open its session."""

    def __init__(self, session_id: str, fencing: int) -> None:
        super().__init__()
        self.session_id, self.fencing = session_id, fencing


async def _fenced(statements: Statements, sql: str, task_id: str, fencing: int, *values: object) -> None:
    if await statements.fetchval(sql, task_id, fencing, *values) is None:
        raise StaleTask(f"Task {task_id}, fencing {fencing}.")
