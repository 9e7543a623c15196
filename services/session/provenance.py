"""Who set which variables, told to administrators, and who has looked. The only reader of `session.changes`, and the
only reader and writer of `session.looks`.

Nothing is told before it is written down who looked. A value is told only to whoever can open the session, by a run of
the engine like any other: the interview's own rules of access hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, get_args

import orjson

from services.session import notes, store
from services.session.keys import SessionKeys
from services.session.operations import Plan, Request
from services.session.outcomes import NOBODY_HAS_THE_KEY, NOT_FOR_THEM
from services.session.turn import Turns
from shared.contracts.base import Sealed, Sealer
from shared.contracts.provenance import ChangeLine, Look, Provenance, Setter, TellProvenance
from shared.contracts.session import TurnReply
from shared.contracts.visitor import Visitor
from shared.crypto.rotation import SealedColumn, at_rest
from shared.interview.runtime.operations import ExportVariables
from shared.kernel.clock import Clock
from shared.kernel.ids import SessionId, is_id, new_id
from shared.storage.database import Database, Row, Statements

_HEAD = "select interview, steps, version from session.sessions where id = $1"
_CHANGES = """
with page as (
    select version, place, step, saved_at, cause, note_sealed from session.changes
    where session_id = $1 and version < $2 order by version desc fetch first $3 rows with ties
)
select * from page order by version desc, place desc
"""
"""Whole versions: runs that were saved together stay together, and the next page begins with another version."""
_LOOKED = "insert into session.looks (id, session_id, looked_at, account, look_sealed) values ($1, $2, $3, $4, $5)"
_LOOKS = """
select id::text as id, looked_at, account, look_sealed from session.looks
where session_id = $1 order by looked_at desc limit $2
"""
_EMAILS = "select id, email from people.accounts where id = any($1::bigint[])"
_FORGET_CHANGES = """
delete from session.changes where (session_id, version, place) in (
    select session_id, version, place from session.changes where saved_at < $1 order by saved_at limit $2
    for update skip locked)
"""
_FORGET_LOOKS = "delete from session.looks where looked_at < $1"
KEEPS_LOOKS = timedelta(days=365)

_NEWEST = 2**62
_MOST = 500
_MOST_LOOKED_AT = 2000
"""Changes opened for one question about a name; the next page goes on from there."""
_MOST_LOOKS = 20
_LONGEST_NAME = 500
_PART = re.compile(r"\.?([^.\[\]]+)|\[([^\]]*)\]")


class ProvenanceDesk:
    """Answers administrators."""

    def __init__(self, *, database: Database, keys: SessionKeys, turns: Turns, sealer: Sealer, clock: Clock) -> None:
        self._database, self._keys, self._turns = database, keys, turns
        self._sealer, self._clock = sealer, clock

    async def of(self, message: TellProvenance) -> Provenance:
        """What is on record of a session, the newest first; the value of a variable if it is asked for."""
        head = await self._database.fetchrow(_HEAD, message.session_id) if is_id(message.session_id) else None
        if head is None:
            return Provenance()
        session_id, name = SessionId(message.session_id), message.name.value.strip()[:_LONGEST_NAME]
        visitor = message.visitor.value if message.visitor is not None and name else None
        value, problem = None, ""
        if visitor is not None:
            value, problem = await self._value(session_id, name, visitor)
        await self._note_look(session_id, message.account, name, saw_value=value is not None)
        changes, next_before = await self._changes(message, session_id, name)
        return Provenance(
            is_there=True,
            interview=head["interview"],
            steps=head["steps"],
            version=head["version"],
            changes=Sealed(tuple(changes)),
            next_before=next_before,
            value=value,
            value_problem=problem,
            looks=Sealed(await self._looks(session_id)),
        )

    async def _changes(
        self, message: TellProvenance, session_id: SessionId, name: str
    ) -> tuple[Sequence[ChangeLine], int]:
        """A page of changes, and where the next one begins; 0 when that was all."""
        limit, before = min(max(message.limit, 1), _MOST), message.before or _NEWEST
        most = _MOST_LOOKED_AT if name else limit
        rows = await self._database.fetch(_CHANGES, session_id, before, most)
        found: list[ChangeLine] = []
        reached = 0
        for row in rows:
            if len(found) >= limit and row["version"] != reached:
                return await self._with_people(found), reached
            reached = row["version"]
            line = self._line(session_id, row)
            if not name or any(concerns(each, name) for each in (*line.changed, *line.removed)):
                found.append(line)
        return await self._with_people(found), reached if len(rows) >= most else 0

    def _line(self, session_id: SessionId, row: Row) -> ChangeLine:
        purpose = notes.purpose(session_id, row["version"], row["place"])
        note = orjson.loads(self._sealer.open(row["note_sealed"], purpose=purpose))
        by: Setter = note["by"] if note.get("by") in get_args(Setter) else "other"
        return ChangeLine(
            version=row["version"],
            step=row["step"],
            saved=row["saved_at"],
            cause=row["cause"],
            by=by,
            user=note.get("user", ""),
            what=note.get("what", ""),
            task=note.get("task", ""),
            changed=tuple(note.get("changed", ())),
            removed=tuple(note.get("removed", ())),
        )

    async def _with_people(self, lines: Sequence[ChangeLine]) -> Sequence[ChangeLine]:
        emails = await self._emails({int(line.user) for line in lines if line.user.isdigit()})
        return [
            line.model_copy(update={"email": emails.get(int(line.user), "")}) if line.user.isdigit() else line
            for line in lines
        ]

    async def _emails(self, accounts: set[int]) -> dict[int, str]:
        rows = await self._database.fetch(_EMAILS, sorted(accounts)) if accounts else ()
        return {row["id"]: row["email"] or "" for row in rows}

    async def _value(self, session_id: SessionId, name: str, visitor: Visitor) -> tuple[Sealed[Any] | None, str]:
        """A variable as JSON, or why not."""
        holders = [holder.holder for holder in visitor.keys]
        stored = await store.load(self._database, session_id, holders=holders)
        if stored is None or self._keys.open(stored, visitor.keys) is None:
            return None, NOBODY_HAS_THE_KEY
        request = Request(
            session_id=session_id,
            operation_id=new_id(),
            visitor=visitor,
            cause="api",
            plan=lambda found: Plan(ExportVariables(), keep="nothing"),
            is_read_only=True,
            is_passing_by=True,
        )
        reply: TurnReply = (await self._turns.run(request)).reply
        if reply.variables is None:
            return None, NOT_FOR_THEM if reply.kind in ("sign_in", "forbidden") else "The interview does not give it."
        found, value = found_in(reply.variables.value, name)
        return (Sealed(value), "") if found else (None, "There is no such variable now.")

    async def _note_look(self, session_id: SessionId, account: int, name: str, *, saw_value: bool) -> None:
        look_id = new_id()
        sealed = self._sealer.seal(orjson.dumps({"name": name, "value": saw_value}), purpose=_look_purpose(look_id))
        await self._database.execute(_LOOKED, look_id, session_id, self._clock.now(), account, sealed)

    async def _looks(self, session_id: SessionId) -> tuple[Look, ...]:
        rows = await self._database.fetch(_LOOKS, session_id, _MOST_LOOKS)
        emails = await self._emails({row["account"] for row in rows})
        looks = []
        for row in rows:
            look = orjson.loads(self._sealer.open(row["look_sealed"], purpose=_look_purpose(row["id"])))
            looks.append(
                Look(
                    at=row["looked_at"],
                    account=row["account"],
                    email=emails.get(row["account"], ""),
                    name=look["name"],
                    saw_value=look["value"],
                )
            )
        return tuple(looks)


def concerns(told: str, name: str) -> bool:
    """Whether what was set is this variable, a part of it, or what it is a part of."""
    return _is_within(told, name) or _is_within(name, told)


def _is_within(part: str, whole: str) -> bool:
    """`income['rent'].value` is within `income[…]`: keys are not on record."""
    told, asked = _steps(part), _steps(whole)
    return len(asked) <= len(told) and all(
        one == other or (one[0] == other[0] == "[" and "…" in one + other)
        for one, other in zip(told, asked, strict=False)
    )


def _steps(name: str) -> list[str]:
    return [f"[{found[2]}" if found[1] is None else f".{found[1]}" for found in _PART.finditer(name)]


def found_in(variables: Any, name: str) -> tuple[bool, Any]:
    """The part of exported variables that a name leads to, and whether there is one."""
    at = variables
    for step in _steps(name):
        key = step[1:].strip("\"'")
        inside = at.get("elements", at) if step[0] == "[" and isinstance(at, dict) else at
        if isinstance(inside, dict) and key in inside:
            at = inside[key]
        elif isinstance(inside, list) and key.isdigit() and int(key) < len(inside):
            at = inside[int(key)]
        else:
            return False, None
    return True, at


async def forget(statements: Statements, *, before: datetime, limit: int) -> bool:
    """Forget some changes that were saved before; whether more may be left."""
    return await statements.execute(_FORGET_CHANGES, before, limit) == f"DELETE {limit}"


async def forget_looks(statements: Statements, *, before: datetime) -> None:
    """Forget who looked before."""
    await statements.execute(_FORGET_LOOKS, before)


def _look_purpose(look_id: str) -> str:
    return f"look {look_id}"


SEALED = SealedColumn(
    table="session.looks",
    column="look_sealed",
    key=("id",),
    seal_again=at_rest(lambda row: _look_purpose(str(row["id"]))),
)
