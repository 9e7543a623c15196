"""What an account is, and what can be wrong with what somebody wants of one."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

from shared.kernel.errors import Malformed, NotAllowed, NotFound, Refused

PROFILE_FIELDS = (
    "first_name",
    "last_name",
    "country",
    "subdivision_first",
    "subdivision_second",
    "subdivision_third",
    "organization",
    "timezone",
    "language",
)

_LONGEST_TEXT = 255
_LONGEST_PASSWORD = 254
_ADDRESS = re.compile(r"[^@\s<>,;:\"'()\[\]\\\x00-\x1f\x7f]{1,64}@[^@\s<>,;:\"'()\[\]\\\x00-\x1f\x7f]{1,190}\Z")


class UnknownAccount(NotFound):
    """There is no such account."""


class AddressTaken(Refused):
    """That e-mail address is already being used."""


class AddressMalformed(Malformed):
    """This is not an e-mail address."""


class PasswordTooWeak(Malformed):
    """This password is too easy to guess, or too long."""


class SignInRefused(NotAllowed):
    """The e-mail address or the password is not right."""


class TooManyAttempts(NotAllowed):
    """There were too many attempts to sign in. Wait some time, then try again, or set a new password."""


class LinkSpent(NotFound):
    """This link was used already, or it is too old. Ask for a new one."""


class WrongCode(NotAllowed):
    """This code is not right, or it was used before."""


class UnknownPrivilege(Malformed):
    """There is no such privilege."""


class NotForPeople(Refused):
    """This account is the server's own: scheduled actions run as it. It cannot be opened, changed or deleted."""


class LastAdministrator(Refused):
    """This is the last account that may administer this server. Make another administrator first."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What people tell of themselves."""

    first_name: str = ""
    last_name: str = ""
    country: str = ""
    subdivision_first: str = ""
    subdivision_second: str = ""
    subdivision_third: str = ""
    organization: str = ""
    timezone: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """An account as everybody may handle it who knows that it exists; holds nothing that opens anything."""

    id: int
    email: str
    profile: Profile
    privileges: tuple[str, ...]
    permissions: frozenset[str]
    """What the privileges allow besides what every person may do."""
    is_active: bool
    login_method: str
    key_number: int
    epoch: int
    has_password: bool
    has_second_factor: bool
    server_opens: bool
    """Whether the server can open their key without them: they come in without a password, or can."""
    created_at: datetime
    last_login_at: datetime | None

    @property
    def name(self) -> str:
        """First and last name, else the address."""
        return f"{self.profile.first_name} {self.profile.last_name}".strip() or self.email

    @property
    def is_admin(self) -> bool:
        """Whether they administer this server."""
        return "admin" in self.privileges

    def may(self, permission: str) -> bool:
        """Whether one of their privileges allows it; administrators may everything."""
        return self.is_admin or permission in self.permissions


@dataclass(frozen=True, slots=True)
class Secrets:
    """What proves that somebody is the owner of an account, and what opens their key."""

    password_hash: str | None = field(default=None, repr=False)
    key_salt: bytes | None = field(default=None, repr=False)
    key_wrapped: bytes | None = field(default=None, repr=False)
    key_sealed: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class UserKey:
    """An opened user key, and the name of the wraps that it opens."""

    account_id: int
    number: int
    key: bytes = field(repr=False)

    @property
    def holder(self) -> str:
        """How wraps of sessions' keys name it."""
        return f"user:{self.account_id}.{self.number}"


def checked_address(text: str) -> str:
    """An e-mail address without what stands around it. Raises AddressMalformed."""
    address = unicodedata.normalize("NFC", text).strip()
    if not _ADDRESS.match(address) or ".." in address:
        raise AddressMalformed
    return address


def key_of(address: str) -> str:
    """How an address is found, however its letters are written."""
    return unicodedata.normalize("NFC", address).strip().lower()


def checked_password(password: str, *, shortest: int) -> str:
    """A password in the form in which it is hashed. Raises PasswordTooWeak."""
    text = normal_password(password)
    if not shortest <= len(text) <= _LONGEST_PASSWORD or len(set(text)) < min(shortest, 4):
        raise PasswordTooWeak(f"Take {shortest} to {_LONGEST_PASSWORD} characters, and not one again and again.")
    return text


def normal_password(password: str) -> str:
    """The same password from every keyboard (RFC 8265 asks for one form of Unicode)."""
    return unicodedata.normalize("NFKC", password)[: 4 * _LONGEST_PASSWORD]


def checked_text(text: str) -> str:
    """A line of a profile: without control characters, and not endless."""
    kept = "".join(letter for letter in text if letter.isprintable())
    return unicodedata.normalize("NFC", kept).strip()[:_LONGEST_TEXT]
