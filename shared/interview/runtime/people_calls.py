"""What a run may ask about accounts (spec/area2 §12.3). Whether they may is for the parent to say, not for the run."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from shared.interview.runtime.operations import Value

_ADDRESS = 320
_TEXT = 1024
_NAMES = 100


class _PeopleCall(Value):
    may_wait: ClassVar[bool] = False


class ListUsers(_PeopleCall):
    """A page of accounts."""

    call: Literal["list_users"] = "list_users"
    includes_inactive: bool = False
    after: int = Field(0, ge=0)


class FindUser(_PeopleCall):
    """One account by number or address; neither: one's own."""

    call: Literal["find_user"] = "find_user"
    user_id: int | None = None
    email: str = Field("", max_length=_ADDRESS)


class ChangeUser(_PeopleCall):
    """Change what is given of one account."""

    call: Literal["change_user"] = "change_user"
    user_id: int | None = None
    email: str = Field("", max_length=_ADDRESS)
    profile: dict[str, str] = Field({}, max_length=20)
    password: str | None = Field(None, max_length=_TEXT)
    old_password: str | None = Field(None, max_length=_TEXT)
    is_active: bool | None = None
    privileges: tuple[str, ...] | None = Field(None, max_length=_NAMES)


class CreateUser(_PeopleCall):
    """Make an account."""

    call: Literal["create_user"] = "create_user"
    email: str = Field(max_length=_ADDRESS)
    password: str = Field(max_length=_TEXT)
    privileges: tuple[str, ...] = Field(("user",), max_length=_NAMES)
    profile: dict[str, str] = Field({}, max_length=20)


class InviteUser(_PeopleCall):
    """Ask somebody to make an account."""

    call: Literal["invite_user"] = "invite_user"
    email: str = Field(max_length=_ADDRESS)
    privilege: str = Field("user", max_length=_TEXT)
    sends: bool = True


class ManagePrivileges(_PeopleCall):
    """List, add, remove or look into privileges."""

    call: Literal["manage_privileges"] = "manage_privileges"
    order: Literal["list", "add", "remove", "inspect"]
    names: tuple[str, ...] = Field((), max_length=_NAMES)


class ProveUser(_PeopleCall):
    """Whether a password is somebody's; gives what opens their sessions."""

    call: Literal["prove_user"] = "prove_user"
    email: str = Field(max_length=_ADDRESS)
    password: str = Field(max_length=_TEXT)


class MakeSignInLink(_PeopleCall):
    """What opens a link that signs somebody in, once: for who has their password."""

    call: Literal["make_sign_in_link"] = "make_sign_in_link"
    email: str = Field(max_length=_ADDRESS)
    password: str = Field(max_length=_TEXT)
    go_on: str = Field(max_length=8192)
    """Where it leads, below the root of the site."""
    seconds: int = Field(ge=1, le=86_400)


class UserPicture(Value):
    """An account as interview code may see it."""

    id: int
    email: str
    profile: dict[str, str]
    privileges: tuple[str, ...]
    is_active: bool
    login_method: str = "local"


class PeopleAnswer(Value):
    """What was asked about accounts; only the parts that belong to the call are filled."""

    answer: Literal["people"] = "people"
    users: tuple[UserPicture, ...] = ()
    next_after: int | None = None
    number: int = 0
    text: str = ""
    names: tuple[str, ...] = ()


PeopleCall = ListUsers | FindUser | ChangeUser | CreateUser | InviteUser | ManagePrivileges | ProveUser | MakeSignInLink
