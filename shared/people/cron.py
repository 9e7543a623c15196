"""Whom scheduled actions run as: the cron account, the only one with the privilege `cron` (spec/area2 §12.1, §12.4).

Nobody can sign in to it: it is closed, has no password, and its privilege is given to nobody else.
"""

from __future__ import annotations

from shared.contracts.visitor import RequestFacts, UserFacts, Visitor
from shared.people.records import UnknownAccount
from shared.storage.database import Statements

CRON = "cron"

_FIND = (
    "select id, email, first_name, last_name from people.accounts where 'cron' = any(privileges) order by id limit 1"
)


async def cron_user(statements: Statements) -> UserFacts:
    """The cron account as interviews see it: `user_info()` is it, its device and browser are called `cron`.

    Raises UnknownAccount on a database without it.
    """
    row = await statements.fetchrow(_FIND)
    if row is None:
        raise UnknownAccount("The account of scheduled actions is missing: run `colloquy migrate`.")
    return UserFacts(
        is_anonymous=False,
        is_authenticated=True,
        session_uid=CRON,
        device_id=CRON,
        the_user_id=str(row["id"]),
        email=row["email"],
        roles=(CRON,),
        firstname=row["first_name"],
        lastname=row["last_name"],
    )


def cron_visitor(user: UserFacts, *, url_root: str) -> Visitor:
    """Who a scheduled action runs for: no browser, no keys. `url_root` is where links start; it ends with a slash."""
    facts = RequestFacts(interface="cron", url_root=url_root, url=url_root + "interview")
    return Visitor(user=user, request=facts)
