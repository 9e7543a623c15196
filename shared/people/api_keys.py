"""Keys with which programs act for an account: made, found, limited, taken back. The only writer of `people.api_keys`.

A key is shown once; the table has its SHA-256, which is enough for 32 random letters and lets a request find it at
once. A key never allows more than its account does, and one with permissions of its own only those.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, get_args

from shared.kernel.clock import Clock
from shared.kernel.errors import Malformed, NotFound
from shared.kernel.ids import new_code
from shared.people import store
from shared.people.permissions import PERMISSIONS
from shared.people.records import Account
from shared.storage.database import Row, Statements
from shared.storage.errors import UniqueViolation

Method = Literal["ip", "referer", "none"]
METHODS: tuple[str, ...] = get_args(Method)

PUBLISH = "publish_actions"
"""Lets a key that has a publisher's name ask for actions of sessions; the list of publishers says which."""
KEY_PERMISSIONS = PERMISSIONS | {PUBLISH}

_LENGTH = 32
_KEY = re.compile(r"[A-Za-z0-9]{32}\Z")
_LONGEST_NAME = 255
_MOST_ALLOWED = 100
_TOUCH_AFTER = timedelta(minutes=5)
_POWERFUL = frozenset({"admin", "developer", "advocate", "trainer", "cron"})
"""Privileges that mean more than the permissions they list."""

_COLUMNS = "account_id, name, last_four, method, allowed, permissions, publisher, created_at, last_used_at"
_ADD = f"""
insert into people.api_keys (key_hash, {_COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, null)
"""  # noqa: S608  # made of constants
_FIND = f"select {_COLUMNS} from people.api_keys where key_hash = $1"  # noqa: S608  # made of constants
_LIST = f"select {_COLUMNS} from people.api_keys where account_id = $1 order by name"  # noqa: S608
_CHANGE = """
update people.api_keys set name = $3, method = $4, allowed = $5, permissions = $6
where key_hash = $1 and account_id = $2
"""
_DELETE = "delete from people.api_keys where account_id = $1 and (key_hash = $2 or name = $3)"
_TOUCH = "update people.api_keys set last_used_at = $2 where key_hash = $1"


class UnknownApiKey(NotFound):
    """No such API key could be found."""


class BadApiKey(Malformed):
    """This is not how an API key can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as everybody may see it who looks after it."""

    account_id: int
    name: str
    last_four: str
    method: Method
    allowed: tuple[str, ...]
    permissions: tuple[str, ...]
    publisher: str
    created_at: datetime
    last_used_at: datetime | None

    def limits(self, account: Account) -> Account:
        """The account as it may act through this key."""
        if not self.permissions:
            return account
        return replace(
            account,
            privileges=tuple(name for name in account.privileges if name not in _POWERFUL),
            permissions=frozenset(one for one in self.permissions if account.may(one)),
        )

    def admits(self, *, address: str, referer: str) -> bool:
        """Whether it may be used from there."""
        if self.method == "none" or not self.allowed:
            return True
        if self.method == "ip":
            return any(_is_within(address, network) for network in self.allowed)
        place = referer.partition("://")[2] or referer
        return any(re.match(_pattern(one), place) for one in self.allowed)


class ApiKeys:
    """The keys of all accounts."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock

    async def make(
        self,
        statements: Statements,
        account_id: int,
        name: str,
        *,
        method: str = "none",
        allowed: Sequence[str] = (),
        permissions: Sequence[str] = (),
        publisher: str = "",
    ) -> str:
        """A new key; this is the only time it is told. Raises BadApiKey."""
        checked = _checked(name, method, allowed, permissions)
        key = new_code(_LENGTH)
        try:
            await statements.execute(
                _ADD, _hash(key), account_id, checked[0], key[-4:], *checked[1:], publisher, self._clock.now()
            )
        except UniqueViolation:
            raise BadApiKey("There is a key of this name already.") from None
        return key

    async def open(self, statements: Statements, key: str) -> tuple[ApiKey, Account] | None:
        """The key and its account; None when there is none, or the account is closed."""
        if not _KEY.match(key):
            return None
        row = await statements.fetchrow(_FIND, _hash(key))
        if row is None:
            return None
        found = _api_key(row)
        account = await store.by_id(statements, found.account_id)
        if account is None or not account.is_active:
            return None
        now = self._clock.now()
        if found.last_used_at is None or now - found.last_used_at > _TOUCH_AFTER:
            await statements.execute(_TOUCH, _hash(key), now)
            await store.note_sign_in(statements, account.id, now=now)
        return found, account

    async def of_account(self, statements: Statements, account_id: int) -> list[ApiKey]:
        """All keys of an account."""
        return [_api_key(row) for row in await statements.fetch(_LIST, account_id)]

    async def find(self, statements: Statements, account_id: int, key: str) -> ApiKey:
        """A key of an account. Raises UnknownApiKey."""
        row = await statements.fetchrow(_FIND, _hash(key))
        if row is None or row["account_id"] != account_id:
            raise UnknownApiKey
        return _api_key(row)

    async def change(self, statements: Statements, key: str, changed: ApiKey) -> None:
        """Name, addresses and permissions. Raises BadApiKey, UnknownApiKey."""
        checked = _checked(changed.name, changed.method, changed.allowed, changed.permissions)
        try:
            tag = await statements.execute(_CHANGE, _hash(key), changed.account_id, *checked)
        except UniqueViolation:
            raise BadApiKey("There is a key of this name already.") from None
        if tag != "UPDATE 1":
            raise UnknownApiKey

    async def delete(self, statements: Statements, account_id: int, *, key: str = "", name: str = "") -> None:
        """Take a key back, by itself or by its name. Raises UnknownApiKey."""
        if await statements.execute(_DELETE, account_id, _hash(key) if key else b"", name) == "DELETE 0":
            raise UnknownApiKey


def _api_key(row: Row) -> ApiKey:
    return ApiKey(
        account_id=row["account_id"],
        name=row["name"],
        last_four=row["last_four"],
        method=row["method"],
        allowed=tuple(row["allowed"]),
        permissions=tuple(row["permissions"]),
        publisher=row["publisher"],
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
    )


def _checked(
    name: str, method: str, allowed: Sequence[str], permissions: Sequence[str]
) -> tuple[str, str, list[str], list[str]]:
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise BadApiKey("It needs a name.")
    if method not in METHODS:
        raise BadApiKey("Its method is ip, referer or none.")
    if len(allowed) > _MOST_ALLOWED or not all(one and len(one) <= _LONGEST_NAME for one in allowed):
        raise BadApiKey("One of the addresses is empty or too long.")
    if method == "ip" and not all(_network(one) for one in allowed):
        raise BadApiKey("One of the addresses is none, like 192.0.2.7 or 192.0.2.0/24.")
    if unknown := sorted(set(permissions) - KEY_PERMISSIONS):
        raise BadApiKey(f"There is no permission {unknown[0][:100]!r}.")
    return name.strip(), method, list(allowed), sorted(set(permissions))


def _hash(key: str) -> bytes:
    return hashlib.sha256(f"api key {key}".encode()).digest()


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _is_within(address: str, network: str) -> bool:
    known = _network(network)
    try:
        return known is not None and ipaddress.ip_address(address) in known
    except ValueError:
        return False


def _pattern(text: str) -> str:
    """`*` stands for anything; an `http://` before it is not compared.

    From the first letter of the address, and up to the end of a part of it: `app.example.org` is neither
    `app.example.org.elsewhere` nor a folder of that name elsewhere. (The reference searches it anywhere, area2 §11.)
    """
    bare = text.partition("://")[2] or text
    places = ".*".join(re.escape(part) for part in bare.split("*"))
    return places if bare.endswith("/") else rf"{places}(?=(?::\d+)?(?:[/?#]|$))"
