"""Accounts and privileges, for interviews that look after people (spec/area2 §12.3).

Who runs the interview needs the privilege for it; the parent process asks the database, not this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from shared.interview.errors import HostRefused
from shared.interview.library.faults import DAError, DAException
from shared.interview.runtime.people_calls import (
    ChangeUser,
    CreateUser,
    FindUser,
    InviteUser,
    ListUsers,
    ManagePrivileges,
    PeopleAnswer,
    PeopleCall,
    ProveUser,
    UserPicture,
)
from shared.interview.runtime.run import current_run
from shared.kernel.ids import new_code

__all__ = [
    "create_user",
    "get_user_info",
    "get_user_list",
    "get_user_secret",
    "invite_user",
    "manage_privileges",
    "set_user_info",
]

_FIELDS = {
    "first_name": "first_name",
    "last_name": "last_name",
    "country": "country",
    "subdivisionfirst": "subdivision_first",
    "subdivisionsecond": "subdivision_second",
    "subdivisionthird": "subdivision_third",
    "organization": "organization",
    "timezone": "timezone",
    "language": "language",
}
"""Names that interviews use, and ours."""


def _ask(make: Callable[[], PeopleCall]) -> PeopleAnswer:
    """Raises DAException with the reason when the person may not, or it cannot be done; DAError for bad arguments."""
    try:
        call = make()
    except ValueError:
        raise DAError("These arguments are not what the function takes") from None
    try:
        answer, _ = current_run().host.call(call)
    except HostRefused as error:
        raise DAException(str(error)) from None
    return cast(PeopleAnswer, answer)


def _is_known() -> bool:
    return current_run().context.user.is_authenticated


def get_user_list(include_inactive: bool = False, next_id: Any = None) -> Any:
    """A page of accounts and what to pass as `next_id` for the next one; None for somebody anonymous.

    Raises DAException without the privilege.
    """
    if not _is_known():
        return None
    text = "" if next_id is None else str(next_id)
    after = int(text) if text.isdigit() else 0
    answer = _ask(lambda: ListUsers(includes_inactive=bool(include_inactive), after=after))
    users = [_as_dict(user, with_active=bool(include_inactive)) for user in answer.users]
    return users, None if answer.next_after is None else str(answer.next_after)


def get_user_info(user_id: Any = None, email: str | None = None) -> dict[str, Any] | None:
    """What is known of one account, or of one's own; None when there is none. Raises DAException, DAError."""
    if not _is_known():
        return None
    answer = _ask(lambda: FindUser(user_id=user_number(user_id), email=email or ""))
    return _as_dict(answer.users[0], with_active=True) if answer.users else None


def set_user_info(
    user_id: Any = None,
    email: str | None = None,
    password: str | None = None,
    old_password: str | None = None,
    active: bool | None = None,
    privileges: Any = None,
    **profile: Any,
) -> None:
    """Change an account: fields of the profile, `active`, `privileges`, the password. Raises DAException, DAError.

    It is done when the answers are saved. Without `old_password` the person's encrypted sessions are lost.
    """
    unknown = sorted(set(profile) - set(_FIELDS) - {"account_type", "id"})
    if unknown:
        raise DAError(f"There is no field {unknown[0]} of users")
    told = {_FIELDS[name]: str(value or "") for name, value in profile.items() if name in _FIELDS}
    _ask(
        lambda: ChangeUser(
            user_id=user_number(user_id),
            email=email or "",
            profile=told,
            password=password,
            old_password=old_password,
            is_active=None if active is None else bool(active),
            privileges=None if privileges is None else _names(privileges),
        )
    )


def create_user(email: str, password: str | None = None, privileges: Any = None, info: Any = None) -> int:
    """Make an account and give its number; it is made when the answers are saved. Raises DAException, DAError."""
    told = {_FIELDS[name]: str(value or "") for name, value in dict(info or {}).items() if name in _FIELDS}
    chosen = password if password is not None else new_code(10)
    wanted = _names(privileges) or ("user",)
    return _ask(lambda: CreateUser(email=str(email), password=chosen, privileges=wanted, profile=told)).number


def invite_user(email_address: str, privilege: str | None = None, send: bool = True) -> str | None:
    """Invite somebody by e-mail; without `send`, give the address to make an account at. Raises DAException."""
    answer = _ask(lambda: InviteUser(email=str(email_address), privilege=privilege or "user", sends=bool(send)))
    return answer.text or None


def manage_privileges(order: str = "list", *names: str) -> Any:
    """`list` privileges, `add` or `remove` some, or `inspect` what one allows. Raises DAException, DAError."""
    answer = _ask(lambda: ManagePrivileges.model_validate({"order": order, "names": _names(names)}))
    return list(answer.names) if order in ("list", "inspect") else None


def get_user_secret(username: str, password: str) -> str:
    """What opens somebody's encrypted sessions, by their password. Raises DAException when it is not right."""
    return _ask(lambda: ProveUser(email=str(username), password=str(password))).text


def _as_dict(user: UserPicture, *, with_active: bool) -> dict[str, Any]:
    told = {name: user.profile.get(ours, "") for name, ours in _FIELDS.items()}
    found = {"id": user.id, "email": user.email, "privileges": list(user.privileges), **told}
    if with_active:
        found |= {"active": user.is_active, "account_type": user.login_method}
    return found


def user_number(user_id: Any) -> int | None:
    """Raises DAError."""
    if user_id is None:
        return None
    try:
        return int(user_id)
    except (TypeError, ValueError):
        raise DAError(f"{user_id!r} is not the number of a user") from None


def _names(value: Iterable[Any] | str | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(str(name) for name in value)
