"""Writes that come twice with the same Idempotency-Key: the second gets the answer of the first, and does nothing.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/. Answers are kept sealed, for two days.
"""

from __future__ import annotations

from datetime import timedelta

import orjson
from starlette.responses import Response

from services.gateway.api_answers import ApiRefused
from shared.contracts.base import Sealer
from shared.crypto.rotation import SealedColumn, at_rest
from shared.crypto.tokens import Signer
from shared.kernel.clock import Clock
from shared.storage.database import Database

_UNDER_WAY = timedelta(seconds=90)
_MOST_KEPT_BYTES = 256 * 1024
_BATCH = 1000
_OF_THE_BODY = frozenset({"content-type", "content-length"})

_BEGIN = """
insert into gateway.api_calls as c (call_hash, request_hash, began_at) values ($1, $2, $3)
on conflict (call_hash) do update set began_at = $3
where c.status is null and c.began_at < $4 and c.request_hash = any($5)
returning true
"""
_FIND = "select request_hash, status, answer_sealed from gateway.api_calls where call_hash = $1"
_END = "update gateway.api_calls set status = $2, answer_sealed = $3 where call_hash = $1"
_FORGET = "delete from gateway.api_calls where call_hash = $1"
_TIDY = """
delete from gateway.api_calls where call_hash in (
    select call_hash from gateway.api_calls where began_at < $1 order by began_at limit $2 for update skip locked)
"""
_BIND = """
insert into gateway.api_calls as c (call_hash, request_hash, began_at) values ($1, $2, $3)
on conflict (call_hash) do update set request_hash = c.request_hash returning request_hash = any($4)
"""
_KEPT = timedelta(days=2)


class Repeats:
    """Remembers the answers to writes that carried an Idempotency-Key."""

    def __init__(self, *, database: Database, sealer: Sealer, signer: Signer, clock: Clock) -> None:
        self._database, self._sealer, self._signer, self._clock = database, sealer, signer, clock

    async def begin(self, name: bytes, request_hash: bytes) -> Response | None:
        """None for the first; else the answer to it. Raises ApiRefused when the first is under way or was another.

        Whoever reads the table could try answers and passwords against the hash of a request, so it is kept as a
        fingerprint under our key; the hash itself, as it was written before, is known too.
        """
        now = self._clock.now()
        hashes = self._hashes(request_hash)
        if await self._database.fetchval(_BEGIN, name, hashes[0], now, now - _UNDER_WAY, list(hashes)):
            return None
        row = await self._database.fetchrow(_FIND, name)
        if row is None or (row["status"] is None and row["request_hash"] in hashes):
            raise ApiRefused("The same request is under way; ask again in a moment.", 409)
        if row["request_hash"] not in hashes:
            raise ApiRefused(
                "This Idempotency-Key was used for another request; give each request one of its own.", 422
            )
        kept = orjson.loads(self._sealer.open(row["answer_sealed"], purpose=_purpose(name)))
        headers = {**kept.get("headers", {}), "idempotency-replayed": "true"}
        body = bytes.fromhex(kept["body"])
        return Response(body, row["status"], media_type=kept["type"] or None, headers=headers)

    async def end(self, name: bytes, response: Response) -> None:
        """Keep the answer; one that is too long or comes in parts is not kept, and the call can be made again."""
        body = bytes(getattr(response, "body", b""))
        is_kept = response.status_code < 500 and hasattr(response, "body") and len(body) <= _MOST_KEPT_BYTES
        if not is_kept:
            await self.forget(name)
            return
        headers = {name: value for name, value in response.headers.items() if name not in _OF_THE_BODY}
        told = {"body": body.hex(), "type": response.headers.get("content-type", ""), "headers": headers}
        kept = orjson.dumps(told)
        sealed = self._sealer.seal(kept, purpose=_purpose(name))
        await self._database.execute(_END, name, response.status_code, sealed)

    async def forget(self, name: bytes) -> None:
        """It came to nothing."""
        await self._database.execute(_FORGET, name)

    async def is_bound(self, name: bytes, request_hash: bytes) -> bool:
        """Whether this name stands for this request: what comes first decides, for two days."""
        hashes = self._hashes(request_hash)
        return bool(await self._database.fetchval(_BIND, name, hashes[0], self._clock.now(), list(hashes)))

    def _hashes(self, request_hash: bytes) -> tuple[bytes, ...]:
        """As which a request may stand in the table; the first is how it is written."""
        return (*self._signer.fingerprints(request_hash, salt="api call"), request_hash)

    async def tidy(self) -> bool:
        """Forget some that are old; whether more may be left."""
        before = self._clock.now() - _KEPT
        return await self._database.execute(_TIDY, before, _BATCH) == f"DELETE {_BATCH}"


def _purpose(name: bytes) -> str:
    return f"api call {name.hex()}"


SEALED = SealedColumn(
    table="gateway.api_calls",
    column="answer_sealed",
    key=("call_hash",),
    seal_again=at_rest(lambda row: _purpose(row["call_hash"])),
)
