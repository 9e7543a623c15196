"""Addresses of sessions: made when an interview asks for one, known for ever, refused once their session is gone.
What comes by text message has such an address, too (`kind`), to which nobody can write mail.

Each has a pair of keys of its own. Mail is closed for the public half as it comes in, and the private half lies sealed
under the session's data key: what is sent to an encrypted session can be read by whoever can read its answers, and by
nobody else, the server included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

import orjson

from shared.crypto.aead import KeyPair, SealBroken
from shared.crypto.answers import open_value, seal_value
from shared.kernel.clock import Clock
from shared.kernel.errors import Refused, Retryable
from shared.kernel.ids import new_letters
from shared.storage.database import Database, Row, Statements

Kind = Literal["mail", "text"]

_Wanted = tuple[Kind, str, str | None, int | None]
"""Kind, owner, key, index."""
_LENGTH = 6
_TEXT_LENGTH = 24
"""Nobody has to type those."""
_MOST_TRIES = 20
_MOST_OF_A_SESSION = 1000

_LOCK = "select pg_advisory_xact_lock(hashtextextended('address of ' || $1::text, 0))"
_COLUMNS = "local_part, session_id, owner, kind, facts_sealed, public_key, private_sealed, created_at"
_OF_SESSION = f"""
select {_COLUMNS} from mailbox.addresses where session_id = $1 and retired_at is null order by created_at, local_part
"""  # noqa: S608  (made of constants)
_ADD = """
insert into mailbox.addresses
       (local_part, session_id, interview, owner, facts_sealed, public_key, private_sealed, created_at, kind)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (local_part) do nothing
returning local_part
"""
_HAS_MAIL = "select exists (select 1 from mailbox.mails where local_part = $1)"
_FIND = """
select local_part, session_id, interview, owner, public_key from mailbox.addresses
where local_part = any($1) and retired_at is null and kind = $2
"""
_RETIRE = "update mailbox.addresses set retired_at = $2 where session_id = $1 and retired_at is null"
_RETIRE_OF_OWNER = "update mailbox.addresses set retired_at = $2 where owner = $1 and retired_at is null"
_FORGET = """
delete from mailbox.addresses where local_part in (
    select local_part from mailbox.addresses where retired_at < $1 order by retired_at limit $2 for update skip locked)
"""


class TooManyAddresses(Refused):
    """This session has so many e-mail addresses that it gets no more."""


class NoFreeAddress(Retryable):
    """No address was found that nobody has."""


class Keys(Protocol):
    """The opened data keys of a session."""

    @property
    def session_id(self) -> str:
        """Whose keys."""
        ...

    @property
    def generation(self) -> int:
        """Which of them seals what is written now."""
        ...

    @property
    def by_generation(self) -> Mapping[int, bytes]:
        """All that could be opened."""
        ...


@dataclass(frozen=True, slots=True)
class Address:
    """An address as its session knows it."""

    local_part: str
    owner: str
    key: str | None = field(repr=False)
    """As the author gave it; of texts, the line: our number and theirs."""
    index: int | None
    pair: KeyPair = field(repr=False)
    kind: Kind = "mail"


@dataclass(frozen=True, slots=True)
class KnownAddress:
    """An address as whoever receives mail for it knows it."""

    local_part: str
    session_id: str
    interview: str
    owner: str
    public_key: bytes


class Addresses:
    """The table of addresses; the only writer of it."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def of_session(self, statements: Statements, keys: Keys) -> list[Address]:
        """All of a session that these keys open, the oldest first."""
        rows = await statements.fetch(_OF_SESSION, keys.session_id)
        return [found for row in rows if (found := _opened(row, keys)) is not None]

    async def make(
        self, keys: Keys, *, interview: str, owner: str, key: str | None, index: int | None, kind: Kind = "mail"
    ) -> str:
        """The address of this owner under key and index, made if there is none. It is there at once, whatever becomes
        of the turn: a mail that is sent by it may be answered before it ends.

        Raises TooManyAddresses, NoFreeAddress, and what the database raises.
        """
        wanted: _Wanted = (kind, owner, key, index)
        if (known := _among(await self._database.fetch(_OF_SESSION, keys.session_id), keys, wanted)) is not None:
            return known
        async with self._database.transaction() as connection:
            await connection.execute(_LOCK, keys.session_id)
            rows = await connection.fetch(_OF_SESSION, keys.session_id)
            if (known := _among(rows, keys, wanted)) is not None:
                return known
            if len(rows) >= _MOST_OF_A_SESSION:
                raise TooManyAddresses
            await _drop_unreadable(connection, rows, keys, self._clock.now())
            for _ in range(_MOST_TRIES):
                local_part, pair = new_letters(_LENGTH if kind == "mail" else _TEXT_LENGTH), KeyPair.new()
                added = await connection.fetchval(
                    _ADD,
                    local_part,
                    keys.session_id,
                    interview,
                    owner,
                    _sealed(orjson.dumps([key, index]), "facts", local_part, keys),
                    pair.public,
                    _sealed(pair.private, "private key", local_part, keys),
                    self._clock.now(),
                    kind,
                )
                if added is not None:
                    return local_part
        raise NoFreeAddress

    async def known(
        self, statements: Statements, local_parts: Sequence[str], *, kind: Kind = "mail"
    ) -> dict[str, KnownAddress]:
        """Those that lead into a session, by what stands before the @."""
        rows = await statements.fetch(_FIND, list(local_parts), kind)
        return {
            row["local_part"]: KnownAddress(
                row["local_part"], str(row["session_id"]), row["interview"], row["owner"], row["public_key"]
            )
            for row in rows
        }


async def retire(statements: Statements, session_id: str, *, now: datetime) -> None:
    """The session is gone: its addresses are refused from now on, and given to nobody else."""
    await statements.execute(_RETIRE, session_id, now)


async def retire_of_owner(statements: Statements, owner: str, *, now: datetime) -> None:
    """The account is gone that has asked for these: mail to them is refused from now on, in whosever session."""
    await statements.execute(_RETIRE_OF_OWNER, owner, now)


async def forget_retired(statements: Statements, *, before: datetime, limit: int = 1000) -> bool:
    """Forget addresses that were retired long ago; whether more may be left."""
    return await statements.execute(_FORGET, before, limit) == f"DELETE {limit}"


async def _drop_unreadable(statements: Statements, rows: Sequence[Row], keys: Keys, now: datetime) -> None:
    """Addresses of a turn that never was: a session whose first save was refused got other keys the next time."""
    for row in rows:
        if _opened(row, keys) is None and not await statements.fetchval(_HAS_MAIL, row["local_part"]):
            await statements.execute(
                "update mailbox.addresses set retired_at = $2 where local_part = $1", row["local_part"], now
            )


def _among(rows: Sequence[Row], keys: Keys, wanted: _Wanted) -> str | None:
    for row in rows:
        found = _opened(row, keys)
        if found is not None and (found.kind, found.owner, found.key, found.index) == wanted:
            return found.local_part
    return None


def _opened(row: Row, keys: Keys) -> Address | None:
    local_part = row["local_part"]
    try:
        key, index = orjson.loads(_unsealed(row["facts_sealed"], "facts", local_part, keys))
        private = _unsealed(row["private_sealed"], "private key", local_part, keys)
    except SealBroken:
        return None
    return Address(local_part, row["owner"], key, index, KeyPair(private, row["public_key"]), row["kind"])


def _sealed(plain: bytes, column: str, local_part: str, keys: Keys) -> bytes:
    ids = (keys.session_id, local_part)
    return seal_value(plain, data_key=keys.by_generation[keys.generation], purpose=f"address {column}", ids=ids)


def _unsealed(sealed: bytes, column: str, local_part: str, keys: Keys) -> bytes:
    for generation in sorted(keys.by_generation, reverse=True):
        try:
            data_key = keys.by_generation[generation]
            return open_value(sealed, data_key=data_key, purpose=f"address {column}", ids=(keys.session_id, local_part))
        except SealBroken:
            continue
    raise SealBroken
