"""The ledger of what interviews send while they run: whatever is asked for again gets the first result (DESIGN §7).

A row is committed as `sending` before anything leaves, and as `sent` or `failed` after it, for which whoever has sent
waits when the database is away. Only a process that dies between the two leaves a `sending` behind: that is tried again
once its claim has ended, under the same message id, by which mail programs know a second copy. More cannot be had: a
server that has taken a mail cannot be asked whether it has (RFC 5321 §4.5.3.2.6). Nothing here tells who was written
to: the fingerprint is taken under a key.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import orjson
import structlog

from shared.crypto.aead import derive_key
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import Clock
from shared.kernel.errors import Refused, Unavailable
from shared.kernel.ids import new_id
from shared.storage.database import Database, Statements

log = structlog.get_logger()

Kind = Literal["mail", "text"]

_CLAIM = """
insert into mailbox.sendings as it
       (run_id, errand_hash, repetition, message_id, session_id, kind, claimed_until, created_at, interview)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (run_id, errand_hash, repetition) do update set claimed_until = excluded.claimed_until
where it.state = 'sending' and it.claimed_until < excluded.created_at
returning message_id
"""
_QUEUE = """
insert into mailbox.sendings
       (run_id, errand_hash, repetition, message_id, session_id, kind, claimed_until, created_at, interview)
values ($1, $2, $3, $4, $5, $6, 'infinity', $7, $8)
on conflict (run_id, errand_hash, repetition) do nothing
returning message_id
"""
_SETTLE_QUEUED = """
update mailbox.sendings
set state = $2, delivery = case when $2 = 'sent' and delivery = 'failed' then '' else delivery end
where message_id = $1 and state <> 'sent'
"""
_LOOK = """
select state, is_unwanted from mailbox.sendings where run_id = $1 and errand_hash = $2 and repetition = $3
"""
_SETTLE = """
update mailbox.sendings set state = $4, is_unwanted = $5 where run_id = $1 and errand_hash = $2 and repetition = $3
"""
_COUNT = "select count(*) from mailbox.sendings where session_id = $1 and created_at > $2 and run_id <> $3"
_TIDY = """
delete from mailbox.sendings where ctid in (
    select ctid from mailbox.sendings where created_at < $1 order by created_at limit $2 for update skip locked)
"""
_WAS_SENT_BY = "select exists (select 1 from mailbox.sendings where message_id = $1::uuid and session_id = $2)"
_OWN_MESSAGE_ID = re.compile(r"\s*<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@")
_BATCH = 1000
_LOOK_SECONDS = 0.1
_MARGIN_SECONDS = 10.0
_INSIST_SECONDS, _AGAIN_SECONDS = 30.0, 0.2
_HOUR = timedelta(hours=1)


class Unwanted(Refused):
    """Whoever this is for wants no more."""


class TooMuchSent(Refused):
    """This session has sent so much within an hour that more is not sent for now."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What one run wants delivered, told apart from everything else it wants delivered."""

    run_id: str
    session_id: str
    kind: Kind
    subject: tuple[str, ...]
    """Whom it is for and what it is about: never stored."""
    repetition: int
    interview: str = ""


class Sendings:
    """Does each errand once. A Component: `stop` lets what is on its way arrive."""

    def __init__(
        self, *, database: Database, server_keys: ServerKeys, clock: Clock, limit_seconds: float, most_per_hour: int
    ) -> None:
        self._database, self._keys, self._clock = database, server_keys, clock
        self._most_per_hour = most_per_hour
        self.limit_seconds = limit_seconds
        """How long one errand may take."""
        self._under_way: set[asyncio.Task[bool]] = set()

    async def start(self) -> None:
        """Nothing is to be done."""

    async def stop(self) -> None:
        """Wait for what is on its way."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def once(
        self,
        errand: Errand,
        carry_out: Callable[[str], Awaitable[bool]],
        *,
        note: Callable[[Statements], Awaitable[None]] | None = None,
        limit_seconds: float | None = None,
    ) -> bool:
        """Whether it was sent: now, by `carry_out` with the message's id, or by an earlier attempt.

        `carry_out` has `limit_seconds`, at most those of the settings; a caller that is cancelled does not cut it
        short. `note` writes more down in the transaction that says that it was sent. Raises Unwanted when `carry_out`
        does, or has done so in an earlier attempt, TooMuchSent, and DatabaseUnavailable when the ledger says nothing.
        """
        task = asyncio.create_task(self._once(errand, carry_out, note, limit_seconds))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def check(self, errand: Errand) -> None:
        """Raises TooMuchSent."""
        await self._check(errand)

    async def queue(self, statements: Statements, errand: Errand) -> str | None:
        """Note an errand that the mail service carries out, in the transaction that asks for it; its message's id, or
        None when it was noted before.
        """
        key = (errand.run_id, self._fingerprint(errand), errand.repetition)
        now = self._clock.now()
        found = await statements.fetchval(_QUEUE, *key, new_id(), errand.session_id, errand.kind, now, errand.interview)
        return None if found is None else str(found)

    async def _once(
        self,
        errand: Errand,
        carry_out: Callable[[str], Awaitable[bool]],
        note: Callable[[Statements], Awaitable[None]] | None,
        limit_seconds: float | None,
    ) -> bool:
        key = (errand.run_id, self._fingerprint(errand), errand.repetition)
        while True:
            found = await self._database.fetchrow(_LOOK, *key)
            if found is None:
                await self._check(errand)
            elif found["is_unwanted"]:
                raise Unwanted
            elif found["state"] != "sending":
                return bool(found["state"] == "sent")
            message_id = await self._claim(errand, key)
            if message_id is not None:
                break
            await self._clock.sleep(_LOOK_SECONDS)  # somebody else is at it
        was_sent, unwanted = False, None
        try:
            async with asyncio.timeout(min(self.limit_seconds, limit_seconds or self.limit_seconds)):
                was_sent = await carry_out(message_id)
        except TimeoutError:
            log.warning("sending.timed_out", session=errand.session_id, kind=errand.kind, message=message_id)
        except Unwanted as error:
            unwanted = error
        await insist(
            lambda: self._settle(key, note, was_sent=was_sent, is_unwanted=unwanted is not None), clock=self._clock
        )
        if unwanted is not None:
            raise unwanted
        return was_sent

    async def _settle(
        self,
        key: Sequence[object],
        note: Callable[[Statements], Awaitable[None]] | None,
        *,
        was_sent: bool,
        is_unwanted: bool,
    ) -> None:
        if note is None or not was_sent:
            await self._database.execute(_SETTLE, *key, "sent" if was_sent else "failed", is_unwanted)
            return
        async with self._database.transaction() as statements:
            await statements.execute(_SETTLE, *key, "sent", False)
            await note(statements)

    async def _claim(self, errand: Errand, key: Sequence[object]) -> str | None:
        now = self._clock.now()
        until = now + timedelta(seconds=self.limit_seconds + _MARGIN_SECONDS)
        found: uuid.UUID | None = await self._database.fetchval(
            _CLAIM, *key, new_id(), errand.session_id, errand.kind, until, now, errand.interview
        )
        return None if found is None else str(found)

    async def _check(self, errand: Errand) -> None:
        """A run's own are limited by the run; here those of other runs count."""
        since = self._clock.now() - _HOUR
        if await self._database.fetchval(_COUNT, errand.session_id, since, errand.run_id) >= self._most_per_hour:
            raise TooMuchSent

    def _fingerprint(self, errand: Errand) -> bytes:
        key = derive_key(self._keys.newest.rest, purpose="sendings")
        return hmac.digest(key, orjson.dumps([errand.kind, *errand.subject]), "sha256")


async def insist(write: Callable[[], Awaitable[object]], *, clock: Clock) -> None:
    """Write down what has left: while the database is away, again and again for half a minute, because what is not
    written down leaves once more. Raises Unavailable after that.
    """
    ends = clock.monotonic() + _INSIST_SECONDS
    while True:
        try:
            await write()
            return
        except Unavailable:
            if clock.monotonic() >= ends:
                raise
            await clock.sleep(_AGAIN_SECONDS)


async def settle(statements: Statements, message_id: str, *, was_sent: bool) -> None:
    """How an errand ended that was queued; one that had failed may be sent after all, when its order is replayed."""
    await statements.execute(_SETTLE_QUEUED, message_id, "sent" if was_sent else "failed")


async def tidy(statements: Statements, *, before: datetime) -> bool:
    """Forget some errands that are older; whether more may be left."""
    return await statements.execute(_TIDY, before, _BATCH) == f"DELETE {_BATCH}"


async def was_sent_by(statements: Statements, message_id: str, session_id: str) -> bool:
    """Whether a mail is one that this session has sent, by its Message-ID."""
    found = _OWN_MESSAGE_ID.match(message_id)
    return found is not None and bool(await statements.fetchval(_WAS_SENT_BY, found[1], session_id))
