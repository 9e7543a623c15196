"""Data keys: one per session and generation, wrapped once for everybody who may open the session (DESIGN §7, Keys).

A holder is named `cookie:<id>`, `user:<id>` or `server`; the server's own wraps are made by keys.ServerKeys. A wrap
opens only for its holder, its session and its generation.
"""

from __future__ import annotations

from shared.crypto.aead import KEY_SIZE, associated_data, open_sealed, seal
from shared.kernel.ids import random_bytes


def new_data_key() -> bytes:
    """A random key for the steps of one session."""
    return random_bytes(KEY_SIZE)


def wrap_under(holder_key: bytes, data_key: bytes, *, holder: str, session_id: str, generation: int) -> bytes:
    """The data key, sealed for one holder."""
    return seal(holder_key, data_key, associated=_place(holder, session_id, generation))


def unwrap_under(holder_key: bytes, wrapped: bytes, *, holder: str, session_id: str, generation: int) -> bytes:
    """The data key again. Raises SealBroken when the key is not this holder's or the wrap is from elsewhere."""
    return open_sealed(holder_key, wrapped, associated=_place(holder, session_id, generation))


def _place(holder: str, session_id: str, generation: int) -> bytes:
    return associated_data("data key", holder, session_id, generation)
