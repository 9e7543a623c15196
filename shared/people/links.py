"""Links that are mailed to people: each opens once, for one purpose, for some time.

The link has 43 random letters and digits (256 bits), which no typography of a mail or page touches. The table has
their SHA-256, so that neither the table nor the time a look-up takes tells anything of a link. What the link is about
lies sealed beside it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import orjson

from shared.crypto.keys import ServerKeys
from shared.crypto.rotation import SealedColumn, at_rest
from shared.kernel.clock import Clock
from shared.kernel.ids import new_code
from shared.people import store
from shared.people.records import LinkSpent
from shared.storage.database import Statements

Purpose = Literal["sign_up", "reset", "change_email", "invitation"]

_SECONDS: dict[Purpose, float] = {
    "sign_up": 24 * 3600.0,
    "reset": 3600.0,
    "change_email": 24 * 3600.0,
    "invitation": 14 * 24 * 3600.0,
}
_LENGTH, _LONGEST = 43, 100


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link is about."""

    account_id: int | None
    data: dict[str, Any]


class Links:
    """Makes and opens mailed links."""

    def __init__(self, *, server_keys: ServerKeys, clock: Clock) -> None:
        self._sealer, self._clock = server_keys.at_rest, clock

    def new_token(self) -> str:
        """The secret part of a link that is still to be made."""
        return new_code(_LENGTH)

    async def make(
        self,
        statements: Statements,
        purpose: Purpose,
        data: dict[str, Any],
        *,
        account_id: int | None = None,
        token: str = "",
    ) -> str:
        """The secret part of a new link; `token` is one of `new_token` that was given out before."""
        token = token or self.new_token()
        token_hash = _hash(token)
        sealed = self._sealer.seal(orjson.dumps(data), purpose=_seal(purpose, token_hash))
        expires_at = self._clock.now() + timedelta(seconds=_SECONDS[purpose])
        await store.add_token(statements, token_hash, purpose, sealed, expires_at=expires_at, account_id=account_id)
        return token

    async def look(self, statements: Statements, purpose: Purpose, token: str) -> Opened:
        """What a link is about; it can still be used afterwards. Raises LinkSpent."""
        token_hash = _hash(token)
        found = await store.find_token(statements, token_hash, purpose, now=self._clock.now())
        if found is None or len(token) > _LONGEST:
            raise LinkSpent
        account_id, sealed = found
        return Opened(account_id, orjson.loads(self._sealer.open(sealed, purpose=_seal(purpose, token_hash))))

    async def use(self, statements: Statements, purpose: Purpose, token: str) -> None:
        """Use a link up, in the transaction of what it is used for. Raises LinkSpent."""
        if not await store.use_token(statements, _hash(token), purpose, now=self._clock.now()):
            raise LinkSpent

    async def revoke(self, statements: Statements, account_id: int, *purposes: Purpose) -> None:
        """Links that were sent before do nothing any more."""
        await store.drop_tokens(statements, account_id, purposes)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _seal(purpose: Purpose, token_hash: bytes) -> str:
    return f"link {purpose} {token_hash.hex()}"


SEALED = SealedColumn(
    table="people.tokens",
    column="data_sealed",
    key=("token_hash",),
    reads=("purpose",),
    seal_again=at_rest(lambda row: _seal(row["purpose"], row["token_hash"])),
)
