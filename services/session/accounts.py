"""The end of accounts: their sessions, what interviews keep for them, and the account (spec/area2 §2.9).

Asked for by their owner or an administrator, and by inactive_people.py for accounts that nobody uses any more.
"""

from __future__ import annotations

from services.session.my_sessions import MySessions
from shared.contracts.base import Sealed
from shared.contracts.session_lists import DeleteAccount, DeletedAccount, LeaveSessions
from shared.contracts.visitor import UserFacts, Visitor
from shared.files.leftovers import discard
from shared.kernel.clock import Clock
from shared.mailbox import addresses, received
from shared.people import store as people
from shared.people.records import LastAdministrator, NotForPeople
from shared.storage.database import Database
from shared.stores.store import forget_scope, scope_of_user


class Accounts:
    """Ends accounts."""

    def __init__(self, *, database: Database, mine: MySessions, clock: Clock) -> None:
        self._database, self._mine, self._clock = database, mine, clock

    async def delete(self, message: DeleteAccount) -> DeletedAccount:
        """End one account. Its sessions go first: as long as some are left, it can be asked for again."""
        number = message.account_id
        try:
            await people.check_may_leave(self._database, number)
            owner = Visitor(user=UserFacts(is_anonymous=False, is_authenticated=True, the_user_id=str(number)))
            left = await self._mine.leave(LeaveSessions(visitor=Sealed(owner), for_all=message.for_all))
            if left.has_more:
                return DeletedAccount(has_more=True)
            async with self._database.transaction() as connection:
                await people.delete(connection, number)
                await forget_scope(connection, scope_of_user(str(number)))
                now = self._clock.now()
                await discard(connection, await received.forget_owner(connection, str(number)), due_at=now)
                await addresses.retire_of_owner(connection, str(number), now=now)
        except (LastAdministrator, NotForPeople) as error:
            return DeletedAccount(problem=str(error))
        return DeletedAccount()
