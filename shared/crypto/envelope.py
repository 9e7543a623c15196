"""Data keys: one per session and generation, wrapped once for everybody who may open the session (DESIGN §7, Keys).

A holder is named `cookie:<id>`, `user:<id>` or `server`; the server's own wraps are made by keys.ServerKeys. A wrap
opens only for its holder, its session and its generation. It is sealed under the holder's key while the holder is
there, and in a box under the holder's public key when somebody else makes it.
"""

from __future__ import annotations

from shared.crypto.aead import KEY_SIZE, KeyPair, associated_data, close_box, derive_key, open_box, open_sealed, seal
from shared.kernel.ids import random_bytes

_BOX = b"\x02"
"""Begins wraps that are boxes: the first byte of sealed data is the version of their format, 1."""


def new_data_key() -> bytes:
    """A random key for the steps of one session."""
    return random_bytes(KEY_SIZE)


def wrap_under(holder_key: bytes, data_key: bytes, *, holder: str, session_id: str, generation: int) -> bytes:
    """The data key, sealed for one holder."""
    return seal(holder_key, data_key, associated=_place(holder, session_id, generation))


def public_key_of(holder_key: bytes, *, session_id: str) -> bytes:
    """What others need to wrap a key of this session for the holder while the holder is away; 32 bytes."""
    return _pair(holder_key, session_id).public


def wrap_for(public_key: bytes, data_key: bytes, *, holder: str, session_id: str, generation: int) -> bytes:
    """The data key in a box that only the holder opens. Raises KeyMalformed."""
    return _BOX + close_box(public_key, data_key, associated=_place(holder, session_id, generation))


def unwrap_under(holder_key: bytes, wrapped: bytes, *, holder: str, session_id: str, generation: int) -> bytes:
    """The data key again. Raises SealBroken when the key is not this holder's or the wrap is from elsewhere."""
    place = _place(holder, session_id, generation)
    if wrapped.startswith(_BOX):
        return open_box(_pair(holder_key, session_id), wrapped[len(_BOX) :], associated=place)
    return open_sealed(holder_key, wrapped, associated=place)


def _pair(holder_key: bytes, session_id: str) -> KeyPair:
    """One for each session, so that public keys do not tell that two sessions have the same holder."""
    return KeyPair.of(derive_key(holder_key, purpose=f"session pair {session_id}"))


def _place(holder: str, session_id: str, generation: int) -> bytes:
    return associated_data("data key", holder, session_id, generation)
