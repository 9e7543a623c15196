"""How often somebody may try: counted in the database, so that all gateways count together.

An attempt is counted before it is checked and given back when it was right, so that many at once are not more than one
after the other. Counted are an account from one network address, the address itself, and the account from everywhere;
the last does not count on a device on which its owner has signed in before, or strangers could lock people out. What is
typed is counted in the same way whether there is such an account or not.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from shared.kernel.clock import Clock
from shared.people.records import TooManyAttempts, key_of
from shared.storage.database import Statements

_COUNT = """
insert into people.attempts as a (key_hash, failures, first_at)
select k.key_hash, 1, $3 from unnest($1::bytea[], $2::int[]) as k (key_hash, most) order by k.key_hash
on conflict (key_hash) do update
set failures = case when a.first_at < $3 - $4::interval or a.locked_until <= $3 then 1 else a.failures + 1 end,
    first_at = case when a.first_at < $3 - $4::interval or a.locked_until <= $3 then $3 else a.first_at end,
    locked_until = case when a.locked_until > $3 then a.locked_until end
returning key_hash, failures, locked_until
"""
_LOCK = "update people.attempts set locked_until = $2 where key_hash = any($1) and coalesce(locked_until, $3) <= $3"
_GIVE_BACK = "update people.attempts set failures = greatest(failures - 1, 0) where key_hash = any($1)"
_FORGET = "delete from people.attempts where key_hash = any($1)"
_IS_KNOWN = """
select exists (select 1 from people.known_devices d join people.accounts a on a.id = d.account_id
               where a.email_key = $1 and d.device_hash = $2)
"""
_REMEMBER = """
insert into people.known_devices (account_id, device_hash, seen_at) values ($1, $2, $3)
on conflict (account_id, device_hash) do update set seen_at = excluded.seen_at
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many attempts within `window_seconds`, and for how long none is taken afterwards."""

    per_account_and_address: int = 10
    per_address: int = 100
    per_account: int = 100
    window_seconds: float = 3600.0
    ban_seconds: float = 900.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that is under way."""

    narrow: tuple[bytes, ...]
    """What is forgotten once it was right."""
    wide: tuple[bytes, ...]


class Attempts:
    """Counts attempts."""

    def __init__(self, *, limits: Limits, clock: Clock) -> None:
        self._limits, self._clock = limits, clock

    async def begin(
        self, statements: Statements, *, kind: str, subject: str, address: str, device: str = ""
    ) -> Attempt:
        """Count an attempt about a subject (an e-mail address as typed, the number of an account).

        `address` is the network's, empty when it is not to be counted. Raises TooManyAttempts.
        """
        limits, name = self._limits, key_of(subject)
        counted = {_hash(kind, "both", name, address): limits.per_account_and_address}
        narrow = tuple(counted)
        if address:
            counted[_hash(kind, "address", address)] = limits.per_address
        if not (device and await statements.fetchval(_IS_KNOWN, name, _hash("device", device))):
            counted[_hash(kind, "account", name)] = limits.per_account
        now = self._clock.now()
        window = timedelta(seconds=limits.window_seconds)
        rows = await statements.fetch(_COUNT, list(counted), list(counted.values()), now, window)
        over = [row["key_hash"] for row in rows if row["failures"] > counted[row["key_hash"]]]
        if over:
            await statements.execute(_LOCK, over, now + timedelta(seconds=limits.ban_seconds), now)
        if over or any(row["locked_until"] is not None and row["locked_until"] > now for row in rows):
            raise TooManyAttempts
        return Attempt(narrow, tuple(each for each in counted if each not in narrow))

    async def succeed(self, statements: Statements, attempt: Attempt) -> None:
        """It was right: what was counted against them is forgotten, or given back."""
        await statements.execute(_FORGET, list(attempt.narrow))
        await statements.execute(_GIVE_BACK, list(attempt.wide))

    async def know_device(self, statements: Statements, account_id: int, device: str) -> None:
        """They have signed in on this device."""
        await statements.execute(_REMEMBER, account_id, _hash("device", device), self._clock.now())


def _hash(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()
