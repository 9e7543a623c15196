"""Stashes that are kept and opened outside a run: by programs, through the gateway (spec/area2 §9.1, §11.7).

What lies inside stays bytes here: a program's JSON, or what an interview has pickled, which only its kind opens.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.crypto.aead import SealBroken
from shared.kernel.ids import new_code, new_secret
from shared.storage.database import Statements
from shared.stores import store
from shared.stores.sealing import open_stash, seal_stash

_LETTERS = 16
LASTS_SECONDS = 90 * 86_400
LONGEST_SECONDS = 100 * 366 * 86_400


@dataclass(frozen=True, slots=True)
class StashKeys:
    """What opens a stash: both are needed, and the server keeps neither."""

    key: str
    secret: str


def new_stash_keys() -> StashKeys:
    """16 letters and digits, and 16 letters."""
    return StashKeys(new_code(_LETTERS), new_secret(_LETTERS))


def hash_of(key: str) -> bytes:
    """What the table knows of a key."""
    return hashlib.sha256(key.encode()).digest()


async def keep(statements: Statements, value: bytes, *, seconds: int, now: datetime) -> StashKeys:
    """Keep a value so long; gives what opens it."""
    keys = new_stash_keys()
    ends_at = now + timedelta(seconds=seconds)
    sealed = seal_stash(value, keys.secret, keys.key, ends_at)
    await store.add_stash(statements, hash_of(keys.key), sealed, ends_at)
    return keys


async def find(statements: Statements, keys: StashKeys, *, now: datetime) -> bytes | None:
    """What was kept; None when there is nothing, its time is over, or the secret is another."""
    found = await store.stash(statements, hash_of(keys.key), now)
    try:
        return None if found is None else open_stash(found[0], keys.secret, keys.key, found[1])
    except SealBroken:
        return None


async def spend(statements: Statements, keys: StashKeys) -> bool:
    """Delete it; False when somebody was faster."""
    return await store.delete_stash(statements, hash_of(keys.key))


async def prolong(statements: Statements, keys: StashKeys, value: bytes, *, seconds: int, now: datetime) -> None:
    """Let it last so long from now on; `value` is what was found in it."""
    ends_at = now + timedelta(seconds=seconds)
    sealed = seal_stash(value, keys.secret, keys.key, ends_at)
    await store.keep_stash(statements, hash_of(keys.key), sealed, ends_at)
