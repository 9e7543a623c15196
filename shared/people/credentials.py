"""Passwords and the keys behind them, off the event loop: few at once, each the same work whether it fits or not.

An Argon2id run takes 64 MiB and tens of milliseconds. A queue without an end would let a crowd of guesses use up the
machine, so what does not find room is refused at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from shared.crypto.aead import KEY_SIZE, SealBroken, associated_data, open_sealed, seal
from shared.crypto.keys import ServerKeys
from shared.crypto.passwords import (
    USUAL,
    Cost,
    cost_of,
    hash_of_nobody,
    hash_password,
    is_password,
    key_from_password,
    new_salt,
)
from shared.crypto.rotation import SealedColumn, at_rest
from shared.kernel.errors import Retryable
from shared.kernel.ids import random_bytes
from shared.people.records import Secrets, UserKey, normal_password

_AT_ONCE = 4
_MOST_WAITING = 64
_PURPOSE = "user key"

T = TypeVar("T")


class CredentialsBusy(Retryable):
    """So many people sign in at the moment that there is no room for one more."""


class Credentials:
    """Makes and checks what people prove themselves with."""

    def __init__(self, *, server_keys: ServerKeys, cost: Cost = USUAL) -> None:
        self._server_keys, self._cost = server_keys, cost
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._nobody = Secrets(password_hash=hash_of_nobody(cost=cost), key_salt=new_salt())

    def new_key(self, account_id: int, number: int = 1) -> UserKey:
        """A random key for what is theirs."""
        return UserKey(account_id, number, random_bytes(KEY_SIZE))

    async def under_password(self, user_key: UserKey, password: str) -> Secrets:
        """What is stored for an account with this password. Raises CredentialsBusy."""
        text = normal_password(password)

        def make() -> Secrets:
            salt = new_salt()
            wrapped = seal(
                key_from_password(text, salt=salt, cost=self._cost), user_key.key, associated=_place(user_key)
            )
            return Secrets(password_hash=hash_password(text, cost=self._cost), key_salt=salt, key_wrapped=wrapped)

        return await self._in_thread(make)

    def under_server_key(self, user_key: UserKey) -> Secrets:
        """What is stored for an account without a password: the server can open its key."""
        return Secrets(key_sealed=self._server_keys.at_rest.seal(user_key.key, purpose=_purpose(user_key)))

    def opened_by_server(self, secrets: Secrets, account_id: int, number: int) -> UserKey:
        """The key of an account without a password. Raises SealBroken."""
        named = UserKey(account_id, number, b"")
        if secrets.key_sealed is None:
            raise SealBroken("This account has a password.")
        return UserKey(account_id, number, self._server_keys.at_rest.open(secrets.key_sealed, purpose=_purpose(named)))

    async def opened_by_password(
        self, secrets: Secrets | None, account_id: int, number: int, password: str
    ) -> UserKey | None:
        """The key, if this is the password; None else. Takes as long for an account that is not there.

        Raises CredentialsBusy.
        """
        text = normal_password(password)
        usable = secrets if secrets is not None and secrets.password_hash and secrets.key_salt else None
        stored = usable or self._nobody

        def check() -> bytes | None:
            cost = cost_of(stored.password_hash or "")
            key = key_from_password(text, salt=stored.key_salt or b"", cost=cost)
            is_right = is_password(stored.password_hash or "", text)
            return key if is_right and usable is not None else None

        password_key = await self._in_thread(check)
        if password_key is None or stored.key_wrapped is None:
            return None
        place = _place(UserKey(account_id, number, b""))
        return UserKey(account_id, number, open_sealed(password_key, stored.key_wrapped, associated=place))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._waiting >= _MOST_WAITING:
            raise CredentialsBusy
        self._waiting += 1
        try:
            async with self._room:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def _place(user_key: UserKey) -> bytes:
    return associated_data(_PURPOSE, user_key.account_id, user_key.number)


def _purpose(user_key: UserKey) -> str:
    return f"{_PURPOSE} {user_key.holder}"


SEALED = SealedColumn(
    table="people.accounts",
    column="key_sealed",
    key=("id",),
    reads=("key_number",),
    seal_again=at_rest(lambda row: _purpose(UserKey(row["id"], row["key_number"], b""))),
)
