"""Who can open what is stored: the server, the session it was written for, or the person it belongs to (DESIGN §1.7).

Nothing lies in clear but snapshots. Values that are not encrypted in the words of authors are sealed under the server's
key. A person's values have data keys of their own, wrapped for the keys they bring along, as sessions have.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from shared.contracts.base import Sealer
from shared.contracts.visitor import KeyHolder
from shared.crypto.aead import SealBroken, associated_data, derive_key, open_sealed, seal
from shared.crypto.answers import open_value, seal_value
from shared.crypto.envelope import new_data_key, unwrap_under, wrap_under
from shared.crypto.rotation import SealedColumn, at_rest
from shared.storage.database import Database, Statements
from shared.stores import store
from shared.stores.records import Place, ScopeKey

_PURPOSE = "entry"
_STASH = "stash"


def place_of_record(key: str, number: int) -> Place:
    """Where a record stands."""
    return Place("records", key, str(number))


def seal_by_server(value: bytes, place: Place, sealer: Sealer) -> bytes:
    """A value that the server can open."""
    return sealer.seal(value, purpose=_named(place))


def open_by_server(sealed: bytes, place: Place, sealer: Sealer) -> bytes:
    """The value again. Raises SealBroken."""
    return sealer.open(sealed, purpose=_named(place))


def seal_with(data_key: bytes, value: bytes, place: Place) -> bytes:
    """A value that only a session or a person can open."""
    return seal_value(value, data_key=data_key, purpose=_PURPOSE, ids=(place.scope, place.collection, place.key))


def open_with(data_keys: Sequence[bytes], sealed: bytes, place: Place) -> bytes:
    """The value again, under whichever of the keys. Raises SealBroken."""
    for data_key in data_keys:
        try:
            return open_value(
                sealed, data_key=data_key, purpose=_PURPOSE, ids=(place.scope, place.collection, place.key)
            )
        except SealBroken:
            continue
    raise SealBroken


def seal_stash(value: bytes, secret: str, key: str, ends_at: datetime) -> bytes:
    """A stash: only who has the secret can open it, and only until then."""
    return seal(_stash_key(secret), value, associated=_stash_place(key, ends_at))


def open_stash(sealed: bytes, secret: str, key: str, ends_at: datetime) -> bytes:
    """The value again. Raises SealBroken."""
    opening = _stash_key(secret)
    try:
        return open_sealed(opening, sealed, associated=_stash_place(key, ends_at))
    except SealBroken:  # from before stashes were bound to their end
        return open_sealed(opening, sealed, associated=associated_data(_STASH, key))


def _stash_place(key: str, ends_at: datetime) -> bytes:
    return associated_data(_STASH, key, ends_at.astimezone(UTC).isoformat())


def _stash_key(secret: str) -> bytes:
    return derive_key(secret.encode().ljust(32, b"\0"), purpose=_STASH)


def _named(place: Place) -> str:
    return associated_data(_PURPOSE, place.scope, place.collection, place.key).decode()


class ScopeKeys:
    """The data keys of one person's store, newest first, as far as they can be opened."""

    def __init__(self, by_generation: Mapping[int, bytes]) -> None:
        self._keys = by_generation

    @property
    def newest(self) -> bytes:
        """What new values are sealed with."""
        return self._keys[max(self._keys)]

    @property
    def all(self) -> Sequence[bytes]:
        """Newest first."""
        return [self._keys[generation] for generation in sorted(self._keys, reverse=True)]

    @property
    def by_generation(self) -> Mapping[int, bytes]:
        """By number."""
        return self._keys


async def open_scope_keys(statements: Statements, scope: str, holders: Sequence[KeyHolder]) -> ScopeKeys | None:
    """The keys that these holders open; None when there are none."""
    return _opened(await store.scope_keys(statements, scope), scope, holders)


async def have_scope_keys(database: Database, scope: str, holders: Sequence[KeyHolder]) -> ScopeKeys:
    """The keys that these holders open, with wraps for those who came along; made when there are none yet.

    Keys that nobody here can open (a password was lost) stay, and a new one begins.
    """
    async with database.transaction() as connection:
        wraps = await store.scope_keys(connection, scope)
        keys = _opened(wraps, scope, holders)
        if keys is not None:
            await _share(connection, scope, keys, wraps, holders)
            return keys
        generation = max((wrap.generation for wrap in wraps), default=0) + 1
        made = ScopeKeys({generation: new_data_key()})
        await store.add_scope_keys(connection, scope, wraps_of(made, scope, holders), is_new=True)
        return _opened(await store.scope_keys(connection, scope), scope, holders) or made


async def _share(
    statements: Statements, scope: str, keys: ScopeKeys, wraps: Sequence[ScopeKey], holders: Sequence[KeyHolder]
) -> None:
    present = {(wrap.holder, wrap.generation) for wrap in wraps}
    missing = [wrap for wrap in wraps_of(keys, scope, holders) if (wrap.holder, wrap.generation) not in present]
    if missing:
        await store.add_scope_keys(statements, scope, missing, is_new=False)


def wraps_of(keys: ScopeKeys, scope: str, holders: Sequence[KeyHolder]) -> list[ScopeKey]:
    """Wraps for those who bring keys: an account's, or a browser's where there is no account."""
    users = [holder for holder in holders if holder.holder.startswith("user:")]
    return [
        ScopeKey(
            generation,
            holder.holder,
            wrap_under(b64decode(holder.key), data_key, holder=holder.holder, session_id=scope, generation=generation),
        )
        for holder in users or holders
        for generation, data_key in keys.by_generation.items()
    ]


def _opened(wraps: Sequence[ScopeKey], scope: str, holders: Sequence[KeyHolder]) -> ScopeKeys | None:
    secrets = {holder.holder: holder.key for holder in holders}
    found: dict[int, bytes] = {}
    for wrap in wraps:
        if wrap.holder not in secrets or wrap.generation in found:
            continue
        try:
            found[wrap.generation] = unwrap_under(
                b64decode(secrets[wrap.holder]),
                wrap.wrapped,
                holder=wrap.holder,
                session_id=scope,
                generation=wrap.generation,
            )
        except SealBroken:
            continue
    return ScopeKeys(found) if found else None


SEALED = (
    SealedColumn(
        table="stores.entries",
        column="value_sealed",
        key=("id",),
        reads=("scope", "collection", "key"),
        only="sealed_by = 'server'",
        seal_again=at_rest(lambda row: _named(Place(row["scope"], row["collection"], row["key"]))),
    ),
    SealedColumn(
        table="stores.records",
        column="value_sealed",
        key=("id",),
        reads=("key",),
        seal_again=at_rest(lambda row: _named(place_of_record(row["key"], row["id"]))),
    ),
)
