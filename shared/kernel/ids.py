"""Names for things: the only place that draws on chance.

`SessionId` is internal and may be logged; `SessionCode` is what a browser carries, a capability for
shared sessions, and never appears in logs (DESIGN §7).
"""

from __future__ import annotations

import hashlib
import secrets
import string
import time
import uuid
from typing import NewType

SessionId = NewType("SessionId", str)
SessionCode = NewType("SessionCode", str)
TaskId = NewType("TaskId", str)
MessageId = NewType("MessageId", str)

_LETTERS = string.ascii_letters + string.digits


def new_id() -> str:
    """A time-ordered unique id (UUID version 7, RFC 9562), as text with dashes."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(secrets.token_bytes(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return _with_dashes(value)


def _with_dashes(value: int) -> str:
    """As `str(uuid.UUID(int=value))`, without the object, which is most of the work."""
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def is_id(text: str) -> bool:
    """Whether a text from outside has the form of an id."""
    try:
        return bool(uuid.UUID(text))
    except ValueError:
        return False


def derived_id(*parts: str) -> str:
    """The same id for the same parts, and no way back from it: UUID version 8 (RFC 9562) of their SHA-256."""
    value = int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:16], "big")
    value = (value & ~(0xF << 76)) | (0x8 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return _with_dashes(value)


def session_id_of(interview: str, code: str) -> SessionId:
    """The id of a session from the canonical reference of its interview and the code that browsers carry."""
    return SessionId(derived_id("colloquy session", interview, code))


def new_code(length: int = 32) -> str:
    """Unguessable letters and digits; 32 of them name a session."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def new_secret(length: int = 16) -> str:
    """Unguessable letters, small and capital: what opens a session or a stash for whoever shows it."""
    return "".join(secrets.choice(string.ascii_letters) for _ in range(length))


def new_letters(length: int) -> str:
    """Small letters that nobody can guess well: what people copy by hand."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(length))


def new_token(size: int = 32) -> str:
    """An unguessable URL-safe text made of `size` random bytes."""
    return secrets.token_urlsafe(size)


def random_bytes(size: int) -> bytes:
    """Bytes nobody can guess: keys, nonces, salts."""
    return secrets.token_bytes(size)


def uniform(low: float, high: float) -> float:
    """A float between the bounds, for jitter; not for secrets."""
    return low + (high - low) * secrets.randbelow(1_000_000) / 1_000_000
