"""Somebody has signed in: what was kept for them in this browser before is theirs (spec/area2 §9.2).

What they have kept under their account already stays as it is.
"""

from __future__ import annotations

from shared.contracts.base import Sealer
from shared.contracts.visitor import Visitor
from shared.crypto.aead import SealBroken
from shared.kernel.clock import Clock
from shared.storage.database import Database
from shared.stores import store
from shared.stores.records import Entry, Place
from shared.stores.sealing import (
    ScopeKeys,
    have_scope_keys,
    open_by_server,
    open_scope_keys,
    open_with,
    seal_by_server,
    seal_with,
)


async def adopt(database: Database, visitor: Visitor, *, sealer: Sealer, clock: Clock) -> None:
    """Move the entries of `former_id`; what their keys do not open stays where it is."""
    user = visitor.user
    if not user.is_authenticated or not user.former_id or user.former_id == user.the_user_id:
        return
    before, after = store.scope_of_user(user.former_id), store.scope_of_user(user.the_user_id)
    old_keys = await open_scope_keys(database, before, visitor.keys)
    new_keys = None if old_keys is None else await have_scope_keys(database, after, visitor.keys)
    async with database.transaction() as connection:
        for entry in await store.take_all(connection, before):
            place = Place(after, entry.place.collection, entry.place.key)
            sealed = _sealed_again(entry, place, old_keys, new_keys, sealer)
            if sealed is not None:
                await store.keep_own(connection, place, sealed, entry.sealed_by, clock.now())
                await store.delete(connection, entry.place)


def _sealed_again(
    entry: Entry, place: Place, old: ScopeKeys | None, new: ScopeKeys | None, sealer: Sealer
) -> bytes | None:
    try:
        if entry.sealed_by == "server":
            return seal_by_server(open_by_server(entry.sealed, entry.place, sealer), place, sealer)
        if old is None or new is None:
            return None
        return seal_with(new.newest, open_with(old.all, entry.sealed, entry.place), place)
    except SealBroken:
        return None
