"""Links that sign somebody in, once, within some seconds (spec/area2 §6.5): for programs, and when they are used."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.base import Sealer
from shared.kernel.clock import Clock
from shared.kernel.errors import NotAllowed
from shared.people import store as people_store
from shared.people.records import Account, UserKey
from shared.storage.database import Database
from shared.stores import sign_in_links
from shared.stores.sign_in_links import SignIn


class SignInLinkSpent(NotAllowed):
    """This link has been used, or its time is over. Ask whoever gave it to you for a new one."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Whom a link signs in, and where it leads."""

    account: Account
    key: UserKey
    go_on: str


class SignInLinks:
    """Makes them, and opens each once."""

    def __init__(self, *, database: Database, sealer: Sealer, clock: Clock) -> None:
        self._database, self._sealer, self._clock = database, sealer, clock

    async def make(self, account: Account, key: UserKey, go_on: str, *, seconds: int) -> str:
        """What opens the link, for somebody who has shown who they are."""
        sign_in = SignIn(account.id, key.number, key.key, go_on)
        return await sign_in_links.make(self._database, self._sealer, sign_in, seconds=seconds, now=self._clock.now())

    async def use(self, text: str) -> Opened:
        """Use a link up. Raises SignInLinkSpent."""
        found = await sign_in_links.use(self._database, self._sealer, text, now=self._clock.now())
        account = None if found is None else await people_store.by_id(self._database, found.account_id)
        if found is None or account is None or not account.is_active or account.key_number != found.key_number:
            raise SignInLinkSpent
        return Opened(account, UserKey(account.id, found.key_number, found.key), found.go_on)
