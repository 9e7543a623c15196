"""Delete accounts to which nobody comes back (spec/area3 §2.2): with their sessions, but for those of others, too.

Off unless an operator says after how many days. Walks once through the accounts, a page at a time, behind the daily
sweep of sessions. An account whose sessions or keys are used without signing in stays; so do the last administrator
and the account of scheduled actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import structlog

from services.session.accounts import Accounts
from shared.contracts.session_lists import DeleteAccount
from shared.kernel.clock import Clock
from shared.storage.database import Database

log = structlog.get_logger()

_BATCH = 200
_WORK_SECONDS = 60.0
"""After so long the rest is left for the next day: the queue belongs to others, too."""
_TRIES = 10

_PAGE = """
select a.id from people.accounts a
where a.id > $1 and coalesce(a.last_login_at, a.created_at) <= $2 and a.privileges <@ $3::text[]
  and not 'cron' = any(a.privileges)
  and not exists (select 1 from people.api_keys k where k.account_id = a.id and k.last_used_at > $2)
  and not exists (select 1 from session.attachments t join session.sessions s on s.id = t.session_id
                  where t.user_id = a.id::text and s.modified_at > $2)
order by a.id limit $4
"""


@dataclass(frozen=True, slots=True)
class PatienceWithPeople:
    """After how many days without a sign-in accounts with no other privileges than these are deleted; 0: never."""

    days: float = 0.0
    privileges: tuple[str, ...] = ("user",)
    for_all: bool = False
    """Their sessions end for others who take part, too."""


class InactivePeople:
    """Deletes the accounts."""

    def __init__(self, *, database: Database, accounts: Accounts, patience: PatienceWithPeople, clock: Clock) -> None:
        self._database, self._accounts, self._patience, self._clock = database, accounts, patience, clock

    async def delete(self) -> int:
        """Delete those that are due, for as long as there is time; how many."""
        patience = self._patience
        if patience.days <= 0:
            return 0
        before = self._clock.now() - timedelta(days=patience.days)
        deadline = self._clock.monotonic() + _WORK_SECONDS
        after, count = 0, 0
        while self._clock.monotonic() < deadline:
            rows = await self._database.fetch(_PAGE, after, before, list(patience.privileges), _BATCH)
            for row in rows:
                after = row["id"]
                count += await self._delete(after)
                if self._clock.monotonic() >= deadline:
                    break
            if len(rows) < _BATCH:
                break
        log.info("people.inactive_deleted", accounts=count)
        return count

    async def _delete(self, account_id: int) -> bool:
        """False for one that has to stay, or whose sessions are in use at this moment."""
        message = DeleteAccount(account_id=account_id, for_all=self._patience.for_all)
        for _ in range(_TRIES):
            ended = await self._accounts.delete(message)
            if ended.problem:
                log.warning("people.inactive_kept", account=account_id, reason=ended.problem)
            if not ended.has_more:
                return not ended.problem
        return False
