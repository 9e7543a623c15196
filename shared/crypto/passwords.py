"""Passwords: a slow hash to check them (Argon2id, RFC 9106), and the key that a password stands for.

Every call takes tens of milliseconds of processor time and 64 MiB: run it in a thread, never in the event loop.
"""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret_raw

from shared.crypto.aead import KEY_SIZE
from shared.kernel.ids import random_bytes

SALT_SIZE = 16

_TIME_COST = 3
_MEMORY_KIB = 64 * 1024
_LANES = 4


def hash_password(password: str) -> str:
    """A text to store; it says itself how it was made."""
    return _hasher().hash(password)


def is_password(stored: str, password: str) -> bool:
    """Whether this is the password whose hash was stored; False also for a damaged hash."""
    try:
        return _hasher().verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's: hash again at the next login."""
    try:
        return _hasher().check_needs_rehash(stored)
    except InvalidHashError:
        return True


def new_salt() -> bytes:
    """A salt for `key_from_password`, to be stored beside what the key wraps."""
    return random_bytes(SALT_SIZE)


def key_from_password(password: str, *, salt: bytes) -> bytes:
    """The 32-byte key that wraps a user's key. Its salt differs from the one of the stored hash."""
    return hash_secret_raw(
        password.encode(),
        salt,
        time_cost=_TIME_COST,
        memory_cost=_MEMORY_KIB,
        parallelism=_LANES,
        hash_len=KEY_SIZE,
        type=Type.ID,
    )


def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=_TIME_COST, memory_cost=_MEMORY_KIB, parallelism=_LANES)
