"""An account as interviews see it."""

from __future__ import annotations

from shared.contracts.visitor import UserFacts
from shared.people.records import Account


def facts_of_account(account: Account, *, session_uid: str) -> UserFacts:
    """What `user_info()` and kin tell of somebody with an account."""
    profile = account.profile
    return UserFacts(
        is_anonymous=False,
        is_authenticated=True,
        session_uid=session_uid,
        the_user_id=str(account.id),
        email=account.email,
        roles=account.privileges,
        permissions=tuple(sorted(account.permissions)),
        login_method=account.login_method,
        firstname=profile.first_name,
        lastname=profile.last_name,
        country=profile.country,
        subdivisionfirst=profile.subdivision_first,
        subdivisionsecond=profile.subdivision_second,
        subdivisionthird=profile.subdivision_third,
        organization=profile.organization,
        timezone=profile.timezone,
        language=profile.language,
    )
