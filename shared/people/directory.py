"""Accounts by their owner and by administrators: make them, find them, change passwords, privileges, addresses.

Who may ask for it stands in permissions.py, and is asked by the callers. A user's key stays the same for as long as
somebody can open it: a new password wraps it again. Only one who has forgotten the password and cannot open it either
way begins with a new key, and what the old one opened stays closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.crypto.keys import ServerKeys
from shared.crypto.passwords import USUAL, Cost
from shared.kernel.clock import Clock
from shared.people import store
from shared.people.credentials import Credentials
from shared.people.records import (
    Account,
    Profile,
    Secrets,
    SignInRefused,
    UnknownAccount,
    UserKey,
    checked_address,
    checked_password,
    checked_text,
)
from shared.storage.database import Database, Statements

SHORTEST_FOR_CODE = 4
"""What interview code and operators may set; people themselves are asked for more (spec/area2 §11.6)."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account that is made by one commit; its password was hashed before."""

    id: int
    email: str
    profile: Profile
    privileges: tuple[str, ...]
    secrets: Secrets
    key: UserKey
    login_method: str = "local"


class Directory:
    """The accounts of this server."""

    def __init__(self, *, database: Database, server_keys: ServerKeys, clock: Clock, cost: Cost = USUAL) -> None:
        self.database = database
        self.credentials = Credentials(server_keys=server_keys, cost=cost)
        self._clock = clock

    async def account(self, account_id: int) -> Account:
        """The account of this number. Raises UnknownAccount."""
        found = await store.by_id(self.database, account_id)
        if found is None:
            raise UnknownAccount
        return found

    async def prepare(
        self,
        *,
        email: str,
        password: str | None,
        profile: Profile | None = None,
        privileges: Sequence[str] = ("user",),
        shortest: int = SHORTEST_FOR_CODE,
        login_method: str = "local",
    ) -> NewAccount:
        """An account that is not there yet; without a password the server can open its key.

        Raises AddressMalformed, PasswordTooWeak, CredentialsBusy.
        """
        address = checked_address(email)
        text = None if password is None else checked_password(password, shortest=shortest)
        account_id = await store.next_id(self.database)
        key = self.credentials.new_key(account_id)
        if text is None:
            secrets = self.credentials.under_server_key(key)
        else:
            secrets = await self.credentials.under_password(key, text)
        told = cleaned(profile or Profile())
        return NewAccount(account_id, address, told, tuple(privileges), secrets, key, login_method)

    def checked(self, email: str) -> str:
        """An e-mail address as it is kept. Raises AddressMalformed."""
        return checked_address(email)

    def preview(self, new: NewAccount) -> Account:
        """An account as it will be once it is made."""
        return Account(
            id=new.id,
            email=new.email,
            profile=new.profile,
            privileges=new.privileges,
            permissions=frozenset(),
            is_active=True,
            login_method=new.login_method,
            key_number=new.key.number,
            epoch=1,
            has_password=new.secrets.password_hash is not None,
            has_second_factor=False,
            server_opens=new.secrets.key_sealed is not None,
            created_at=self._clock.now(),
            last_login_at=None,
        )

    async def add(self, statements: Statements, new: NewAccount) -> None:
        """Make the account, in the caller's transaction. Raises AddressTaken, UnknownPrivilege."""
        await store.insert(
            statements,
            new.id,
            email=new.email,
            profile=new.profile,
            privileges=new.privileges,
            secrets=new.secrets,
            login_method=new.login_method,
            now=self._clock.now(),
        )

    async def open_key(self, account: Account, password: str) -> UserKey:
        """The user's key, by the password. Raises SignInRefused, CredentialsBusy."""
        secrets = await store.secrets_of(self.database, account.id)
        opened = await self.credentials.opened_by_password(secrets, account.id, account.key_number, password)
        if opened is None:
            raise SignInRefused
        return opened

    async def key_without_password(self, account: Account) -> UserKey:
        """The user's key of an account without a password. Raises SealBroken."""
        secrets = await store.secrets_of(self.database, account.id)
        return self.credentials.opened_by_server(secrets or Secrets(), account.id, account.key_number)

    async def connect(self, statements: Statements, provider: str, subject: str, key: UserKey) -> bool:
        """Let somebody come in from elsewhere; False when that is how somebody else comes in."""
        if not await store.add_identity(statements, provider, subject, key.account_id):
            return False
        await store.set_sealed_key(statements, key.account_id, self.credentials.under_server_key(key).key_sealed)
        return True

    async def under_new_password(
        self, account: Account, password: str, key: UserKey | None, *, shortest: int
    ) -> tuple[Secrets, UserKey]:
        """What is to be stored for a new password; without the user's key there will be another one.

        Raises PasswordTooWeak, CredentialsBusy.
        """
        text = checked_password(password, shortest=shortest)
        kept = key or self.credentials.new_key(account.id, account.key_number + 1)
        return await self.credentials.under_password(kept, text), kept

    async def set_password(self, statements: Statements, secrets: Secrets, key: UserKey) -> int:
        """Store it; all sign-ins of before are over. Gives the new epoch.

        Who can come in from elsewhere besides needs a key that the server can open.
        """
        if await store.identities(statements, key.account_id):
            secrets = replace(secrets, key_sealed=self.credentials.under_server_key(key).key_sealed)
        return await store.set_secrets(
            statements, key.account_id, secrets, key_number=key.number, now=self._clock.now()
        )


def cleaned(profile: Profile) -> Profile:
    """What somebody tells of themselves, as lines of text."""
    return Profile(**{name: checked_text(getattr(profile, name)) for name in Profile.__dataclass_fields__})
