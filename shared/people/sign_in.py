"""Let people in: by password, by a second factor, by who they are elsewhere. What a browser is, others know.

Every wrong way in costs as much time and says the same, whether there is such an account or not.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.kernel.clock import Clock
from shared.people import store
from shared.people.attempts import Attempts
from shared.people.directory import Directory
from shared.people.records import Account, SignInRefused, UserKey
from shared.people.second_factor import SecondFactor
from shared.storage.database import Statements


@dataclass(frozen=True, slots=True)
class Proven:
    """Somebody who has shown who they are, and their opened key."""

    account: Account
    key: UserKey


@dataclass(frozen=True, slots=True)
class Caller:
    """From where somebody tries."""

    address: str
    """The network's, as requests of one subscriber are counted; empty when it is not counted."""
    device: str
    """What the browser's device cookie says."""


class SignIn:
    """Checks passwords and codes."""

    def __init__(self, *, directory: Directory, attempts: Attempts, second_factor: SecondFactor, clock: Clock) -> None:
        self._directory, self._attempts, self._second_factor = directory, attempts, second_factor
        self._clock = clock

    async def by_password(self, email: str, password: str, caller: Caller) -> Proven:
        """Raises SignInRefused, TooManyAttempts, CredentialsBusy. A second factor is still to be asked for."""
        directory, database = self._directory, self._directory.database
        attempt = await self._attempts.begin(
            database, kind="password", subject=email, address=caller.address, device=caller.device
        )
        account = await store.by_email(database, email)
        secrets = None if account is None else await store.secrets_of(database, account.id)
        number, key_number = (0, 0) if account is None else (account.id, account.key_number)
        key = await directory.credentials.opened_by_password(secrets, number, key_number, password)
        if account is None or key is None or not account.is_active:
            raise SignInRefused
        await self._attempts.succeed(database, attempt)
        return Proven(account, key)

    async def check_code(self, account_id: int, code: str, caller: Caller) -> None:
        """Use up a code of the second factor. Raises WrongCode, TooManyAttempts."""
        database = self._directory.database
        attempt = await self._attempts.begin(
            database, kind="code", subject=str(account_id), address=caller.address, device=""
        )
        async with database.transaction() as connection:
            await self._second_factor.check(connection, account_id, code)
        await self._attempts.succeed(database, attempt)

    async def by_identity(self, statements: Statements, provider: str, subject: str) -> Account | None:
        """The account of somebody whom a provider vouches for; None when there is none. Raises SignInRefused."""
        account = await store.by_identity(statements, provider, subject)
        if account is not None and not account.is_active:
            raise SignInRefused
        return account

    async def done(self, account: Account, caller: Caller) -> None:
        """They are in: remember when, and on which device."""
        database = self._directory.database
        await store.note_sign_in(database, account.id, now=self._clock.now())
        if caller.device:
            await self._attempts.know_device(database, account.id, caller.device)
