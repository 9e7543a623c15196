"""Who may do what with accounts and privileges (spec/area2 §11.1, §12.3). Pure.

Every rule takes the one who asks as the account that was read for this very question, never as what a page, a message
or a process of interview code says of them.
"""

from __future__ import annotations

from collections.abc import Collection

from shared.kernel.errors import NotAllowed
from shared.people.records import Account

PERMISSIONS = frozenset(
    {
        "access_privileges", "access_sessions", "access_user_info", "access_user_api_info", "create_user",
        "delete_user", "demo_interviews", "edit_privileges", "edit_sessions", "edit_user_active_status",
        "edit_user_info", "edit_user_api_info", "edit_user_password", "edit_user_privileges", "interview_data",
        "log_user_in", "playground_control", "manage_packages", "read_packages", "template_parse",
    }
)  # fmt: skip
"""What a privilege can allow."""

_GUARDED = frozenset({"admin", "developer", "advocate", "cron"})
"""Accounts with one of these are changed by administrators only."""


class PermissionMissing(NotAllowed):
    """You do not have the privilege that this needs."""


def may_list(asks: Account | None) -> bool:
    """Whether they may see who has an account."""
    return asks is not None and (asks.may("access_user_info") or asks.may("create_user"))


def may_see(asks: Account | None, other: int) -> bool:
    """Whether they may see another account, or their own."""
    return asks is not None and (asks.id == other or asks.may("access_user_info"))


def may_create(asks: Account | None, privileges: Collection[str]) -> bool:
    """Whether they may make an account with these privileges; nobody gives what is above them."""
    if asks is None or not asks.may("create_user") or "cron" in privileges:
        return False
    return asks.is_admin or not (_GUARDED & set(privileges))


def may_edit(asks: Account | None, other: Account) -> bool:
    """Whether they may change what an account tells of its owner."""
    if asks is None:
        return False
    return asks.id == other.id or (asks.may("edit_user_info") and _is_below(asks, other))


def may_set_password(asks: Account | None, other: Account) -> bool:
    """Whether they may give another a new password, without knowing the old one."""
    return asks is not None and asks.id != other.id and asks.may("edit_user_password") and _is_below(asks, other)


def may_set_active(asks: Account | None, other: Account) -> bool:
    """Whether they may close and open another's account; nobody closes their own by mistake."""
    if asks is None or asks.id == other.id:
        return False
    return asks.may("edit_user_active_status") and _is_below(asks, other)


def may_set_privileges(asks: Account | None, other: Account, wanted: Collection[str]) -> bool:
    """Whether they may give an account these privileges instead of those it has."""
    if asks is None or not asks.may("edit_user_privileges") or not wanted:
        return False
    changed = set(wanted) ^ set(other.privileges)
    return "cron" not in changed and (asks.is_admin or (_is_below(asks, other) and not (_GUARDED & changed)))


def may_see_privileges(asks: Account | None) -> bool:
    """Whether they may see which privileges there are."""
    return asks is not None and (asks.may("access_privileges") or "developer" in asks.privileges)


def may_change_privileges(asks: Account | None) -> bool:
    """Whether they may make and remove privileges."""
    return asks is not None and asks.may("edit_privileges")


def require(is_allowed: bool) -> None:
    """Raises PermissionMissing."""
    if not is_allowed:
        raise PermissionMissing


def _is_below(asks: Account, other: Account) -> bool:
    return asks.is_admin or not (_GUARDED & set(other.privileges))
