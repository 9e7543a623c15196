"""The second factor: codes of an authenticator (TOTP, RFC 6238), and single-use codes for who has lost it.

A code is good for its 30 seconds and the ones before and after, and once: the time step that was used last is kept.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

import pyotp

from shared.crypto.keys import ServerKeys
from shared.crypto.rotation import SealedColumn, at_rest
from shared.kernel.clock import Clock
from shared.kernel.ids import new_code
from shared.people import store
from shared.people.records import WrongCode
from shared.storage.database import Statements

_STEP_SECONDS = 30
_RECOVERY_CODES = 10
_RECOVERY_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator is told."""

    secret: str = field(repr=False)
    address: str = field(repr=False)
    """`otpauth://…`, to be shown as a QR code."""


class SecondFactor:
    """Turns the second factor on and off, and checks its codes."""

    def __init__(self, *, server_keys: ServerKeys, clock: Clock, issuer: str = "Colloquy") -> None:
        self._sealer, self._clock, self._issuer = server_keys.at_rest, clock, issuer

    def begin(self, email: str) -> Enrolment:
        """A new secret, which is nobody's yet."""
        return self.again(pyotp.random_base32(), email)

    def again(self, secret: str, email: str) -> Enrolment:
        """The same secret once more."""
        return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=self._issuer))

    async def turn_on(self, statements: Statements, account_id: int, secret: str, code: str) -> list[str]:
        """From now on a code is asked for; gives the recovery codes, in a transaction. Raises WrongCode."""
        step = self._step_of(secret, code)
        if step is None:
            raise WrongCode
        sealed = self._sealer.seal(secret.encode(), purpose=_purpose(account_id))
        await store.set_totp(statements, account_id, sealed, step=step)
        return await self.new_recovery_codes(statements, account_id)

    async def new_recovery_codes(self, statements: Statements, account_id: int) -> list[str]:
        """Ten codes instead of those that were there."""
        codes = [new_code(_RECOVERY_LENGTH).lower() for _ in range(_RECOVERY_CODES)]
        await store.set_recovery_codes(statements, account_id, [_hash(account_id, code) for code in codes])
        return ["-".join((code[:4], code[4:8], code[8:])) for code in codes]

    async def turn_off(self, statements: Statements, account_id: int) -> None:
        """The password alone is enough again."""
        await store.set_totp(statements, account_id, None)
        await store.set_recovery_codes(statements, account_id, [])

    async def check(self, statements: Statements, account_id: int, code: str) -> None:
        """Use up a code of the authenticator, or a recovery code. Raises WrongCode."""
        found = await store.totp_of(statements, account_id)
        if found is None:
            raise WrongCode
        sealed, used = found
        given = "".join(letter for letter in code.lower() if letter.isalnum())
        secret = self._sealer.open(sealed, purpose=_purpose(account_id)).decode()
        step = self._step_of(secret, given)
        if step is not None and step > used and await store.use_totp(statements, account_id, step):
            return
        if not await store.use_recovery_code(statements, account_id, _hash(account_id, given)):
            raise WrongCode

    def _step_of(self, secret: str, code: str) -> int | None:
        """The time step that a code belongs to, if it is one of now."""
        given = "".join(letter for letter in code if letter.isdigit())
        now = int(self._clock.now().timestamp()) // _STEP_SECONDS
        totp = pyotp.TOTP(secret)
        found = None
        for step in (now - 1, now, now + 1):
            if hmac.compare_digest(totp.generate_otp(step), given):
                found = step
        return found


def _purpose(account_id: int) -> str:
    return f"second factor {account_id}"


def _hash(account_id: int, code: str) -> bytes:
    return hashlib.sha256(f"recovery {account_id} {code}".encode()).digest()


SEALED = SealedColumn(
    table="people.accounts", column="totp_sealed", key=("id",), seal_again=at_rest(lambda row: _purpose(row["id"]))
)
