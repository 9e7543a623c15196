"""Passwords: a slow hash to check them (Argon2id, RFC 9106), and the key that a password stands for.

Every call takes tens of milliseconds of processor time and 64 MiB: run it in a thread, never in the event loop.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret_raw

from shared.crypto.aead import KEY_SIZE
from shared.kernel.ids import random_bytes

SALT_SIZE = 16


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess costs: rounds, memory, lanes (RFC 9106 §4)."""

    rounds: int = 3
    memory_kib: int = 64 * 1024
    lanes: int = 4


USUAL = Cost()


def cost_of(stored: str) -> Cost:
    """What a stored hash was made with; what belongs to it is derived at the same cost."""
    try:
        found = extract_parameters(stored)
    except InvalidHashError:
        return USUAL
    return Cost(found.time_cost, found.memory_cost, found.parallelism)


def hash_password(password: str, *, cost: Cost = USUAL) -> str:
    """A text to store; it says itself how it was made."""
    return _hasher(cost).hash(password)


def hash_of_nobody(*, cost: Cost = USUAL) -> str:
    """A text that is like such a hash and takes as long to check, but is that of no password anybody knows."""
    salt, hashed = (b64encode(random_bytes(size)).rstrip(b"=").decode() for size in (SALT_SIZE, KEY_SIZE))
    return f"$argon2id$v=19$m={cost.memory_kib},t={cost.rounds},p={cost.lanes}${salt}${hashed}"


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


def key_from_password(password: str, *, salt: bytes, cost: Cost = USUAL) -> bytes:
    """The 32-byte key that wraps a user's key. Its salt differs from the one of the stored hash."""
    return hash_secret_raw(
        password.encode(),
        salt,
        time_cost=cost.rounds,
        memory_cost=cost.memory_kib,
        parallelism=cost.lanes,
        hash_len=KEY_SIZE,
        type=Type.ID,
    )


def _hasher(cost: Cost = USUAL) -> PasswordHasher:
    return PasswordHasher(time_cost=cost.rounds, memory_cost=cost.memory_kib, parallelism=cost.lanes)
