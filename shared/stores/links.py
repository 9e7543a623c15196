"""Short addresses that lead somewhere for some time (spec/area2 §6.3): the only writer of `stores.links`.

Made while an interview runs and written at once, outside the transaction of its turn: a link of a run that is refused
is known to nobody. The code is stored hashed and the target sealed, so that the table alone opens nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from shared.contracts.base import Sealer
from shared.crypto.aead import SealBroken
from shared.crypto.rotation import SealedColumn, at_rest
from shared.kernel.clock import Clock
from shared.kernel.errors import NotAllowed
from shared.kernel.ids import new_code, session_id_of
from shared.kernel.interview_path import BadReference, canonical
from shared.storage.database import Statements

_ADD = "insert into stores.links (code_hash, target_sealed, is_once, ends_at, session_id) values ($1, $2, $3, $4, $5)"
_FOLLOW = """
with gone as (
    delete from stores.links where code_hash = $1 and is_once and ends_at > $2 returning target_sealed)
select target_sealed from gone
union all
select target_sealed from stores.links where code_hash = $1 and not is_once and ends_at > $2
"""
_FORGET = "delete from stores.links where session_id = $1"
_TIDY = """
delete from stores.links where code_hash in (
    select code_hash from stores.links where ends_at <= $1 order by ends_at limit $2 for update skip locked)
"""
_BATCH = 1000
_LENGTH = 32
_PURPOSE = "link"
_NEXT_PURPOSE = "next address"


class LinkExpired(NotAllowed):
    """The link has expired. Ask whoever gave it to you for a new one."""


class Links:
    """Makes, follows and forgets temporary links."""

    def __init__(self, *, database: Statements, sealer: Sealer, clock: Clock) -> None:
        self._database, self._sealer, self._clock = database, sealer, clock

    async def add(self, url: str, *, seconds: float, is_once: bool) -> str:
        """Keep where a link leads; gives its code of 32 letters."""
        code = new_code(_LENGTH)
        sealed = self._sealer.seal(url.encode(), purpose=_PURPOSE)
        ends_at = self._clock.now() + timedelta(seconds=seconds)
        await self._database.execute(_ADD, _hash(code), sealed, is_once, ends_at, session_in(url))
        return code

    async def follow(self, code: str) -> str:
        """Where it leads; one that works once is spent by this. Raises LinkExpired."""
        sealed: bytes | None = await self._database.fetchval(_FOLLOW, _hash(code), self._clock.now())
        try:
            return self._sealer.open(sealed or b"", purpose=_PURPOSE).decode()
        except SealBroken:  # nothing was found, or it was sealed with a key that is gone
            raise LinkExpired from None

    def sealed(self, url: str) -> str:
        """An address in a form that only we can make: for pages of ours that send people on."""
        sealed = self._sealer.seal(url.encode(), purpose=_NEXT_PURPOSE)
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def unsealed(self, text: str) -> str | None:
        """The address again; None when it was not made here, or with a key that is gone."""
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            return self._sealer.open(sealed, purpose=_NEXT_PURPOSE).decode()
        except (SealBroken, binascii.Error, ValueError):
            return None

    async def tidy(self) -> bool:
        """Forget some that have ended; whether more may be left."""
        return await self._database.execute(_TIDY, self._clock.now(), _BATCH) == f"DELETE {_BATCH}"


async def forget_links(statements: Statements, session_id: str) -> None:
    """A session is deleted: links that lead to it go."""
    await statements.execute(_FORGET, session_id)


def session_in(url: str) -> str | None:
    """The session that an address of ours leads to; None when it names none."""
    try:
        given = dict(parse_qsl(urlsplit(url).query, max_num_fields=1000))
        interview, code = given.get("i", ""), given.get("session", "")
        return session_id_of(canonical(interview), code) if interview and code else None
    except (BadReference, ValueError):
        return None


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


SEALED = SealedColumn(
    table="stores.links", column="target_sealed", key=("code_hash",), seal_again=at_rest(lambda _: _PURPOSE)
)
