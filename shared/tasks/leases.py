"""The worker's side of tasks: take one under a lease, keep the lease, report; and look after what nobody looks after.

Times are the database's, so that workers whose clocks differ agree on when a lease ends. A claim raises the fencing
number; whoever lost the lease can neither renew nor report. A task whose code had begun when its worker vanished is not
run again, because it may have done half of its work (spec/area1 §4.7): it fails as WorkerLost. One that had not begun,
or whose author said that it may run twice, is taken over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from shared.contracts.visitor import RequestFacts, UserFacts
from shared.crypto.aead import SealBroken
from shared.crypto.keys import ServerKeys
from shared.storage.database import Row, Statements
from shared.tasks.records import GrantBroken, Outcome, StaleTask
from shared.tasks.sealing import PROGRESS, GrantedKeys, open_grants, seal, seal_model, unseal, unseal_visitor
from shared.tasks.snapshot import look_statement
from shared.tasks.store import RING_AGAIN_SECONDS

MOST_CLAIMS = 5
"""A task that was claimed so often and never began fails: something about it ends its workers."""


def _claimed(besides: str = "") -> str:
    """The claimed tasks, opened by whoever has their grants, each with its session as it is now."""
    return f"""
select c.id::text as id, c.session_id, c.fencing, c.action, c.arguments_sealed, c.visitor_sealed, c.language, c.mode,
       c.interview, c.time_limit_seconds, c.is_idempotent, c.is_low_priority,
       array(select row(g.generation, g.wrapped) from tasks.grants g where g.task_id = c.id) as grants, look.*{besides}
from claimed c left join lateral ({look_statement("c.session_id")}) look on true
order by c.turn_at
"""  # noqa: S608  (made of constants)


_IN_LINE = """, (select count(*) from (
    select from tasks.tasks p where p.state = 'pending' and p.is_low_priority = $1 limit $6 + 1
) line) as in_line"""
"""How many stood in line before they were claimed, of at most one more than are asked for."""

_CLAIM = f"""
with claimed as (
    update tasks.tasks
    set state = 'running', fencing = fencing + 1, lease_owner = $2, begun_at = null,
        due_at = now() + make_interval(secs => $3)
    where id = $1 and (state = 'pending' or (state = 'running' and begun_at is null and due_at < now()))
    returning *
)
{_claimed()}
"""  # noqa: S608  (made of constants)

_CLAIM_SOME = f"""
with next as (
    select id from tasks.tasks
    where state = 'pending' and is_low_priority = $1 and session_id <> all($4::uuid[]) and interview <> all($5::text[])
    order by turn_at limit $6 for update skip locked
), claimed as (
    update tasks.tasks t
    set state = 'running', fencing = fencing + 1, lease_owner = $2, begun_at = null,
        due_at = now() + make_interval(secs => $3)
    where t.id = any(array(select id from next))
    returning t.*
)
{_claimed(_IN_LINE)}
"""  # noqa: S608  (made of constants)

_GRANTS = """
select array(select row(g.generation, g.wrapped) from tasks.grants g where g.task_id = t.id) as grants
from tasks.tasks t where t.id = $1 and t.fencing = $2 and t.ended_at is null
"""

_BEGIN = """
update tasks.tasks t set begun_at = now(), due_at = now() + make_interval(secs => $3)
from unnest($1::uuid[], $2::bigint[]) as c (id, fencing)
where t.id = c.id and t.fencing = c.fencing and t.state = 'running' returning t.id::text as id, t.fencing
"""

_RENEW = """
update tasks.tasks set due_at = now() + make_interval(secs => $3)
where id = $1 and fencing = $2 and state = 'running' returning id
"""

_PROGRESS = """
update tasks.tasks set progress = $3, progress_sealed = $4
where id = $1 and fencing = $2 and state = 'running' returning id
"""

_GIVE_BACK = """
update tasks.tasks
set state = 'pending', lease_owner = null, begun_at = null, progress = null, progress_sealed = null,
    due_at = now() + make_interval(secs => $3)
where id = $1 and fencing = $2 and state = 'running' and (begun_at is null or is_idempotent) returning id
"""

RECORD = """
update tasks.tasks t
set state = 'responding', outcome_sealed = r.outcome, followup_sealed = r.followup, payload_sealed = r.payload,
    reason = null, lease_owner = null, rings = 0, due_at = now() + make_interval(secs => $6)
from unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[])
    as r (id, fencing, outcome, followup, payload)
where t.id = r.id and t.fencing = r.fencing and t.state = 'running'
returning t.id::text as id, t.fencing
"""
"""Writes down how first phases ended, with the six parameters that `record_parameters` gives; a row for each that could
be. To tell the session in the same round trip, make it a part of a bigger statement."""

_OVERDUE = """
with late as (
    select id, state, (begun_at is not null and not is_idempotent) or fencing >= $2 as is_lost, rings
    from tasks.tasks where due_at < now() and id <> all($4::uuid[]) order by due_at limit $1 for update skip locked
)
update tasks.tasks t
set state = case when late.state = 'running' then case when late.is_lost then 'responding' else 'pending' end
                 else late.state end,
    reason = case when late.state = 'running' and late.is_lost then 'worker_lost' else t.reason end,
    lease_owner = null,
    progress = case when late.state = 'running' and not late.is_lost then null else t.progress end,
    progress_sealed = case when late.state = 'running' and not late.is_lost then null else t.progress_sealed end,
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
    interview: str = ""
    is_low_priority: bool = False
    time_limit_seconds: float | None = None
    """Asked for by the author."""
    is_idempotent: bool = False
    """It may run again although it had begun."""
    look: Row | None = field(default=None, repr=False)
    """The session as it was when the task was claimed, for Snapshots."""

    @property
    def mark(self) -> tuple[str, int]:
        """Task and fencing number: which claim this is."""
        return self.task_id, self.fencing


@dataclass(frozen=True, slots=True)
class Record:
    """How the first phase of a claimed task ended."""

    claim: Claim
    outcome: Outcome
    arguments: bytes | None = field(default=None, repr=False)
    """Pickled arguments of the response or error action."""
    payload: bytes | None = field(default=None, repr=False)
    """Pickled value."""


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
        return None if row is None else self._opened(row)

    async def claim_next(
        self,
        statements: Statements,
        *,
        is_low_priority: bool,
        owner: str,
        lease_seconds: float,
        besides_sessions: Sequence[str] = (),
        besides_interviews: Sequence[str] = (),
    ) -> Claim | None:
        """Take the task whose turn it is (see store.py), of those that are not of these; None when there is none.

        Raises KeyLost as `claim` does.
        """
        claims, lost, _ = await self.claim_some(
            statements,
            1,
            is_low_priority=is_low_priority,
            owner=owner,
            lease_seconds=lease_seconds,
            besides_sessions=besides_sessions,
            besides_interviews=besides_interviews,
        )
        if lost:
            raise lost[0]
        return claims[0] if claims else None

    async def claim_some(
        self,
        statements: Statements,
        number: int,
        *,
        is_low_priority: bool,
        owner: str,
        lease_seconds: float,
        besides_sessions: Sequence[str] = (),
        besides_interviews: Sequence[str] = (),
    ) -> tuple[list[Claim], list[KeyLost], bool]:
        """The same for at most so many at once, in the order of their turns; those that cannot be opened; and whether
        others stand in line behind them.
        """
        rows = await statements.fetch(
            _CLAIM_SOME,
            is_low_priority,
            owner,
            float(lease_seconds),
            list(besides_sessions),
            list(besides_interviews),
            number,
        )
        claims, lost = [], []
        for row in rows:
            try:
                claims.append(self._opened(row))
            except KeyLost as error:
                lost.append(error)
        return claims, lost, bool(rows) and rows[0]["in_line"] > len(rows)

    async def keys_now(self, statements: Statements, claim: Claim) -> GrantedKeys:
        """The grant as it is now: the session may have got a new key since the claim. Raises StaleTask, GrantBroken."""
        grants = await statements.fetchval(_GRANTS, claim.task_id, claim.fencing)
        if grants is None:
            raise StaleTask(f"Task {claim.task_id}, fencing {claim.fencing}.")
        return open_grants(grants, session_id=claim.session_id, task_id=claim.task_id, server_keys=self._server_keys)

    def _opened(self, row: Row) -> Claim:
        task_id, session_id, fencing = row["id"], row["session_id"], row["fencing"]
        try:
            keys = open_grants(row["grants"], session_id=session_id, task_id=task_id, server_keys=self._server_keys)
            user, request = unseal_visitor(row["visitor_sealed"], task_id, keys)
            arguments = unseal(row["arguments_sealed"], "arguments", task_id, keys)
        except (GrantBroken, SealBroken) as error:
            raise KeyLost(task_id, session_id, fencing) from error
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
            interview=row["interview"],
            is_low_priority=row["is_low_priority"],
            time_limit_seconds=row["time_limit_seconds"],
            is_idempotent=row["is_idempotent"],
            look=row,
        )

    async def begin(self, statements: Statements, claim: Claim, *, lease_seconds: float) -> None:
        """Note that interview code begins to run: from here on the task is not taken over. Raises StaleTask."""
        if not await self.begin_all(statements, [claim], lease_seconds=lease_seconds):
            raise stale(claim)

    async def begin_all(
        self, statements: Statements, claims: Sequence[Claim], *, lease_seconds: float
    ) -> frozenset[tuple[str, int]]:
        """The same for several; gives the marks of those whose lease was not lost."""
        rows = await statements.fetch(
            _BEGIN, [claim.task_id for claim in claims], [claim.fencing for claim in claims], float(lease_seconds)
        )
        return frozenset((row["id"], row["fencing"]) for row in rows)

    async def renew(self, statements: Statements, claim: Claim, *, lease_seconds: float) -> None:
        """Keep the lease. Raises StaleTask when it is lost: revoked, or taken over."""
        await _fenced(statements, _RENEW, claim.task_id, claim.fencing, float(lease_seconds))

    async def progress(self, statements: Statements, claim: Claim, fraction: float | None, message: str) -> None:
        """Note how far a task says it is. Raises StaleTask."""
        sealed = seal(message.encode(), PROGRESS, claim.task_id, claim.keys) if message else None
        await _fenced(statements, _PROGRESS, claim.task_id, claim.fencing, fraction, sealed)

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
        record = Record(claim, outcome, arguments, payload)
        if not await statements.fetch(RECORD, *record_parameters([record])):
            raise stale(claim)

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

    def __init__(self, task_id: str, session_id: str, fencing: int) -> None:
        super().__init__()
        self.task_id, self.session_id, self.fencing = task_id, session_id, fencing


def stale(claim: Claim) -> StaleTask:
    """The lease of this claim was lost."""
    return StaleTask(f"Task {claim.task_id}, fencing {claim.fencing}.")


def record_parameters(records: Sequence[Record]) -> list[object]:
    """What RECORD needs, sealed."""
    outcomes, followups, payloads = [], [], []
    for record in records:
        task_id, keys = record.claim.task_id, record.claim.keys
        outcomes.append(seal_model(record.outcome, "outcome", task_id, keys))
        followups.append(None if record.arguments is None else seal(record.arguments, "followup", task_id, keys))
        payloads.append(None if record.payload is None else seal(record.payload, "payload", task_id, keys))
    return [
        [record.claim.task_id for record in records],
        [record.claim.fencing for record in records],
        outcomes,
        followups,
        payloads,
        float(RING_AGAIN_SECONDS),
    ]


async def _fenced(statements: Statements, sql: str, task_id: str, fencing: int, *values: object) -> None:
    if await statements.fetchval(sql, task_id, fencing, *values) is None:
        raise StaleTask(f"Task {task_id}, fencing {fencing}.")
