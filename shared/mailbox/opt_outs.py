"""Who wants no more reminders of a session: the only reader and writer of `mailbox.opt_outs`.

Every reminder carries a link with a code. The code needs no key of the session, so it works when nobody is there; it
says no more than *no more*. Addresses are sealed: the table alone tells nobody who is written to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from shared.contracts.base import Sealer
from shared.crypto.rotation import SealedColumn, at_rest
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound
from shared.kernel.ids import new_code
from shared.mailbox.mail import AddressUnusable, address_of
from shared.storage.database import Database, Row, Statements

_OF_SESSION = "select code_hash, address_sealed, out_at from mailbox.opt_outs where session_id = $1 order by created_at"
_LOCK = "select pg_advisory_xact_lock(hashtextextended('mailbox.opt_outs ' || $1, 0))"
_ADD = """
insert into mailbox.opt_outs (code_hash, session_id, address_sealed, created_at) values ($1, $2, $3, $4)
"""
_LOOK = "select out_at from mailbox.opt_outs where code_hash = $1"
_SAY = """
update mailbox.opt_outs set out_at = case when $2 then coalesce(out_at, $3) end where code_hash = $1 returning true
"""
_FORGET = "delete from mailbox.opt_outs where session_id = $1"


class UnknownOptOut(NotFound):
    """This link is incomplete, or what it was about has been deleted: nobody will be reminded of it any more."""


@dataclass(frozen=True, slots=True)
class OptOut:
    """What one person has said about the reminders of one session."""

    code: str = field(repr=False)
    is_out: bool


class OptOuts:
    """The table of them."""

    def __init__(self, *, database: Database, sealer: Sealer, clock: Clock) -> None:
        self._database, self._sealer, self._clock = database, sealer, clock

    async def ask(self, session_id: str, address: str) -> OptOut:
        """What somebody has said; their code is made when they are asked about for the first time."""
        plain = _plain(address)
        found = self._among(await self._database.fetch(_OF_SESSION, session_id), plain)
        if found is not None:
            return found
        async with self._database.transaction() as connection:
            await connection.execute(_LOCK, session_id)  # two turns may ask about the same person at once
            found = self._among(await connection.fetch(_OF_SESSION, session_id), plain)
            if found is not None:
                return found
            code = new_code(24)
            code_hash = _hash(code)
            sealed = self._sealer.seal(orjson.dumps([plain, code]), purpose=_purpose(code_hash))
            await connection.execute(_ADD, code_hash, session_id, sealed, self._clock.now())
        return OptOut(code, is_out=False)

    async def is_out(self, code: str) -> bool:
        """Whether whoever has this code wants no more. Raises UnknownOptOut."""
        row = await self._database.fetchrow(_LOOK, _hash(code))
        if row is None:
            raise UnknownOptOut
        return row["out_at"] is not None

    async def say(self, code: str, *, is_out: bool) -> None:
        """Whoever has this code wants no more, or wants to be reminded again. Raises UnknownOptOut."""
        if await self._database.fetchval(_SAY, _hash(code), is_out, self._clock.now()) is None:
            raise UnknownOptOut

    def _among(self, rows: Sequence[Row], plain: str) -> OptOut | None:
        for row in rows:
            opened = self._sealer.open(row["address_sealed"], purpose=_purpose(row["code_hash"]))
            address, code = orjson.loads(opened)
            if address == plain:
                return OptOut(code, is_out=row["out_at"] is not None)
        return None


async def forget_session(statements: Statements, session_id: str) -> None:
    """A session is deleted: nobody is reminded of it any more."""
    await statements.execute(_FORGET, session_id)


def _plain(address: str) -> str:
    """Without name, and in the same letters for the same person."""
    try:
        return address_of(address).addr_spec.casefold()
    except AddressUnusable:
        return "".join(address.casefold().split())


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


def _purpose(code_hash: bytes) -> str:
    return f"opt-out {code_hash.hex()}"


SEALED = SealedColumn(
    table="mailbox.opt_outs",
    column="address_sealed",
    key=("code_hash",),
    seal_again=at_rest(lambda row: _purpose(row["code_hash"])),
)
