"""The authors' stores of one run: what it reads, and what it wants kept once its answers are.

Writes wait here until the commit that saves the answers, or that ends the task, carries them out; a run that is refused
or killed keeps nothing, and one that is done again keeps everything once. What a run reads after a write sees it.
What a turn has read, or has seen missing, and then writes or deletes must still be as it was: otherwise the turn runs
again, so that `store.set(k, store.get(k) + 1)` counts right in however many sessions at once. What was seen first
counts. A task cannot be run again: there the last one wins.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never

import orjson

from shared.contracts.base import Sealer
from shared.contracts.visitor import Visitor
from shared.crypto.aead import SealBroken
from shared.interview.errors import HostRefused
from shared.interview.runtime.operations import Blobs
from shared.interview.runtime.store_calls import (
    AddRecord,
    ClearEntries,
    DeleteRecord,
    KeepSnapshot,
    KeepStash,
    ListEntries,
    OpenStash,
    ReadEntries,
    ReadRecords,
    StoreAnswer,
    StoreCall,
    WriteEntries,
)
from shared.kernel.clock import Clock
from shared.storage.database import Database, Statements
from shared.storage.errors import Conflict
from shared.stores import store
from shared.stores.records import Entry, Place, SealedBy
from shared.stores.sealing import (
    ScopeKeys,
    have_scope_keys,
    open_by_server,
    open_scope_keys,
    open_stash,
    open_with,
    place_of_record,
    seal_by_server,
    seal_stash,
    seal_with,
)
from shared.stores.stashes import hash_of, new_stash_keys
from shared.tasks.sealing import Keys

Change = Callable[[Statements], Awaitable[None]]

_MOST_WRITES = 10_000
_MOST_BYTES = 64 * 1024**2
_PAGE = 500
_MOST_AT_ONCE = 1000
_NO_KEY = (
    "This store is encrypted for the person who uses the interview, whose key is not here: a background action, or an "
    "action that runs while nobody is there, cannot open it. Read it before and pass the value on, or use "
    "encrypted=False."
)
_CANNOT_OPEN = "Unable to decrypt stored object"


@dataclass(frozen=True, kw_only=True)
class StoreParts:
    """What runs need to reach stores."""

    database: Database
    sealer: Sealer
    """At rest."""
    clock: Clock


class RunStores:
    """Answers the calls about stores of one turn or task."""

    def __init__(self, parts: StoreParts, visitor: Visitor, *, is_repeatable: bool = True) -> None:
        """`is_repeatable`: whether a run that met a conflict is run again."""
        self._parts, self._visitor, self._is_repeatable = parts, visitor, is_repeatable
        self._keys: Keys | None = None
        self._interview = self._code = ""
        self._own: ScopeKeys | None = None
        self._before: dict[str, Any] | None = None
        self._forget()

    def _forget(self) -> None:
        self._writes: dict[Place, _Write] = {}
        self._cleared: dict[tuple[str, str], Change] = {}
        self._read: dict[Place, int] = {}
        """Versions that the run knows, 0 for nothing."""
        self._whole: set[tuple[str, str]] = set()
        """Collections that were read or listed as a whole: what was not among them was not there."""
        self._collections: dict[str, frozenset[str]] = {}
        """The collections that there were, of scopes where they were listed."""
        self._found: dict[Place, int] = {}
        """Versions that were there when it wrote."""
        self._records: dict[str, dict[int, bytes | None]] = {}
        self._seen_records: set[tuple[str, int]] = set()
        self._stashes: dict[str, tuple[bytes, datetime]] = {}
        self._others: list[Change] = []
        self._bytes = self._count = 0

    def begin(self, keys: Keys, *, interview: str, code: str, goes_on: bool = False) -> None:
        """A run begins, on a session with these keys and this code. What an earlier attempt wanted is forgotten.

        `goes_on`: it follows a run that has started the session over, and sees and adds to what that one wanted.
        """
        self._keys, self._interview, self._code = keys, interview, code
        self._forget()
        if not goes_on:
            self._before = None
        elif self._before is not None:
            self.__dict__.update(_copied(self._before))

    def started_over(self) -> None:
        """The run that has just ended starts the session over: what it kept for the session itself goes with that."""
        scope = store.scope_of_session(self._session_keys().session_id)
        for places in (self._writes, self._read, self._found):
            for place in [one for one in places if one.scope == scope]:
                del places[place]
        for key in [one for one in self._cleared if one[0] == scope]:
            del self._cleared[key]
        self._whole = {one for one in self._whole if one[0] != scope}
        self._before = _copied({name: getattr(self, name) for name in _STATE})

    @property
    def changes(self) -> Sequence[Change]:
        """What the commit has to do. Each raises Conflict when another transaction was faster."""
        # In one order for everybody, so that two commits do not wait for each other.
        cleared = [clear for _, clear in sorted(self._cleared.items(), key=lambda entry: entry[0])]
        writes = [write.carry_out for _, write in sorted(self._writes.items(), key=lambda entry: _order(entry[0]))]
        records = [
            self._record_change(key, number, value)
            for key, numbers in sorted(self._records.items())
            for number, value in sorted(numbers.items(), key=lambda entry: entry[0])
        ]
        stashes = [self._stash_change(key, sealed, ends_at) for key, (sealed, ends_at) in self._stashes.items()]
        return (*cleared, *writes, *records, *stashes, *self._others)

    async def answer(self, call: StoreCall, blobs: Blobs) -> tuple[StoreAnswer, Blobs]:
        """Carry out one call. Raises HostRefused with a sentence for the author."""
        match call:
            case ReadEntries():
                return await self._read_entries(call)
            case ListEntries():
                return await self._list(call), {}
            case WriteEntries():
                return await self._write(call, blobs), {}
            case ClearEntries():
                await self._clear(call)
                return StoreAnswer(), {}
            case AddRecord(key=key):
                return await self._add_record(key, _blob(blobs, "value")), {}
            case ReadRecords():
                return await self._read_records(call)
            case DeleteRecord(key=key, number=number):
                self._count_one(b"")
                self._records.setdefault(key, {})[number] = None
                return StoreAnswer(), {}
            case KeepStash(seconds=seconds):
                return self._keep_stash(_blob(blobs, "value"), seconds), {}
            case OpenStash():
                return await self._open_stash(call)
            case KeepSnapshot():
                self._keep_snapshot(call, _blob(blobs, "data"))
                return StoreAnswer(), {}
            case _:
                assert_never(call)

    # -- Entries

    async def _read_entries(self, call: ReadEntries) -> tuple[StoreAnswer, Blobs]:
        scope = self._scope(call.base)
        found = await self._values(scope, call.collection, call.keys)
        if len(found) > _MOST_AT_ONCE:
            raise HostRefused("There are too many entries here to be read at once.")
        values = dict(zip(map(str, range(len(found))), found.values(), strict=True))
        return StoreAnswer(keys=tuple(found)), values

    async def _values(self, scope: str, collection: str, keys: Sequence[str] | None) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        is_gone = (scope, collection) in self._cleared
        entries = [] if is_gone else await store.read(self._parts.database, scope, collection, keys)
        for entry in entries:
            self._note(entry.place, entry.version)
            if entry.place not in self._writes:
                found[entry.place.key] = await self._opened(entry)
        for key in keys or ():
            self._note(Place(scope, collection, key), 0)
        if keys is None:
            self._whole.add((scope, collection))
        for place, write in self._writes.items():
            wanted = place.scope == scope and place.collection == collection and (keys is None or place.key in keys)
            if wanted and write.value is not None:
                found[place.key] = write.value
        return found

    async def _list(self, call: ListEntries) -> StoreAnswer:
        scope, database = self._scope(call.base), self._parts.database
        if call.of_collections:
            gone = {collection for where, collection in self._cleared if where == scope}
            there = await store.collections(database, scope)
            self._collections.setdefault(scope, frozenset(there))
            names = [name for name in there if name not in gone]
            mine = [place for place, write in self._writes.items() if write.value is not None]
            names += [place.collection for place in mine if place.scope == scope]
            return StoreAnswer(keys=tuple(name for name in dict.fromkeys(names) if name))
        versions = await store.keys(database, scope)
        for key, version in versions.items():
            self._note(Place(scope, "", key), version)
        self._whole.add((scope, ""))
        keys = dict.fromkeys(versions)
        for place, write in self._writes.items():
            if place.scope == scope and not place.collection:
                if write.value is None:
                    keys.pop(place.key, None)
                else:
                    keys[place.key] = None
        return StoreAnswer(keys=tuple(keys))

    async def _write(self, call: WriteEntries, blobs: Blobs) -> StoreAnswer:
        scope = self._scope(call.base)
        sealed_by: SealedBy = "server"
        if call.is_encrypted:
            sealed_by = "session" if call.base == "session" else "user"
        before = await self._now_there(scope, call.collection, (*call.keys, *call.deletes))
        for number, key in enumerate(call.keys):
            value, place = _blob(blobs, str(number)), Place(scope, call.collection, key)
            if before.get(key) == (value, sealed_by) and not self._is_outdated(place):
                continue  # nothing changes: a page that is only looked at must not count as an answer
            self._count_one(value)
            self._writes[place] = await self._writing(place, value, sealed_by)
        for key in call.deletes:
            place = Place(scope, call.collection, key)
            if key in before or self._is_outdated(place):
                self._count_one(b"")
                self._writes[place] = _Deletion(place, self._expected(place))
        return StoreAnswer()

    async def _now_there(
        self, scope: str, collection: str, keys: Sequence[str]
    ) -> dict[str, tuple[bytes | None, SealedBy]]:
        """Values that are there now; one that cannot be opened is there, but nobody knows what it is."""
        found: dict[str, tuple[bytes | None, SealedBy]] = {}
        self._found |= {Place(scope, collection, key): 0 for key in keys}
        if (scope, collection) not in self._cleared:
            for entry in await store.read(self._parts.database, scope, collection, keys):
                self._found[entry.place] = entry.version
                try:
                    found[entry.place.key] = (await self._opened(entry), entry.sealed_by)
                except HostRefused:
                    found[entry.place.key] = (None, entry.sealed_by)
        for key in keys:
            waiting = self._writes.get(Place(scope, collection, key))
            if waiting is not None:
                found.pop(key, None)
                if waiting.value is not None:
                    found[key] = (waiting.value, waiting.sealed_by)
        return found

    def _note(self, place: Place, version: int) -> None:
        if self._known(place) is None:
            self._read[place] = version

    def _known(self, place: Place) -> int | None:
        """The version that was there when the run first looked, 0 for nothing; None when it has not looked."""
        if place in self._read:
            return self._read[place]
        return 0 if self._is_known_whole(place.scope, place.collection) else None

    def _is_known_whole(self, scope: str, collection: str) -> bool:
        listed = self._collections.get(scope)
        is_missing = listed is not None and collection != "" and collection not in listed
        return is_missing or (scope, collection) in self._whole

    def _expected(self, place: Place) -> int | None:
        """The version that a write has to find; None: whatever is there."""
        if not self._is_repeatable:
            return None
        return 0 if (place.scope, place.collection) in self._cleared else self._known(place)

    def _is_outdated(self, place: Place) -> bool:
        """Whether somebody else has written what this run had read before: then it must run again."""
        expected = self._expected(place)
        return expected is not None and expected != self._found.get(place, 0)

    async def _writing(self, place: Place, value: bytes, sealed_by: SealedBy) -> _Write:
        now, expected = self._parts.clock.now(), self._expected(place)
        match sealed_by:
            case "server":
                sealed = seal_by_server(value, place, self._parts.sealer)
            case "session":
                keys = self._session_keys()
                sealed = seal_with(keys.by_generation[keys.generation], value, place)
            case "user":
                sealed = seal_with((await self._own_keys()).newest, value, place)
            case _:
                assert_never(sealed_by)

        async def carry_out(statements: Statements) -> None:
            await store.write(statements, place, sealed, sealed_by, expected=expected, now=now)

        return _Write(value, sealed_by, carry_out)

    async def _clear(self, call: ClearEntries) -> None:
        scope = self._scope(call.base)
        self._count_one(b"")
        for place in [one for one in self._writes if (one.scope, one.collection) == (scope, call.collection)]:
            del self._writes[place]
        if (scope, call.collection) not in self._cleared:
            self._cleared[scope, call.collection] = self._clearing(scope, call.collection)

    def _clearing(self, scope: str, collection: str) -> Change:
        places = [place for place in self._read if (place.scope, place.collection) == (scope, collection)]
        known = {place.key: self._read[place] for place in places if self._is_repeatable}
        is_whole = self._is_repeatable and self._is_known_whole(scope, collection)

        async def clear(statements: Statements) -> None:
            there = await store.clear(statements, scope, collection)
            others = there.keys() - known.keys()
            if (is_whole and others) or any(there.get(key, 0) != version for key, version in known.items()):
                raise Conflict

        return clear

    async def _opened(self, entry: Entry) -> bytes:
        try:
            match entry.sealed_by:
                case "server":
                    return open_by_server(entry.sealed, entry.place, self._parts.sealer)
                case "session":
                    return open_with(list(self._session_keys().by_generation.values()), entry.sealed, entry.place)
                case "user":
                    return open_with((await self._known_keys(entry.place.scope)).all, entry.sealed, entry.place)
                case _:
                    assert_never(entry.sealed_by)
        except SealBroken:
            raise HostRefused(_CANNOT_OPEN) from None

    def _scope(self, base: str) -> str:
        """Whose values these are: an interview cannot name another person or session."""
        match base:
            case "" | "user":
                return store.scope_of_user(self._visitor.user.the_user_id)
            case "session":
                return store.scope_of_session(self._session_keys().session_id)
            case "interview":
                return f"interview {self._interview}"
            case "global":
                return "global"
            case _:
                return f"named {base}"

    def _session_keys(self) -> Keys:
        if self._keys is None:
            raise HostRefused("This needs a session.")
        return self._keys

    async def _own_keys(self) -> ScopeKeys:
        """The person's keys, made when they have none."""
        if self._own is None:
            if not self._visitor.keys:
                raise HostRefused(_NO_KEY)
            self._own = await have_scope_keys(self._parts.database, self._scope("user"), self._visitor.keys)
        return self._own

    async def _known_keys(self, scope: str) -> ScopeKeys:
        if scope != self._scope("user"):
            raise SealBroken
        if not self._visitor.keys:
            raise HostRefused(_NO_KEY)
        keys = await open_scope_keys(self._parts.database, scope, self._visitor.keys)
        if keys is None:
            raise SealBroken
        return keys

    # -- Records

    async def _add_record(self, key: str, value: bytes) -> StoreAnswer:
        self._count_one(value)
        number = await store.next_record(self._parts.database)
        self._records.setdefault(key, {})[number] = value
        return StoreAnswer(numbers=(number,))

    async def _read_records(self, call: ReadRecords) -> tuple[StoreAnswer, Blobs]:
        rows = await store.records(self._parts.database, call.key, after=call.after, limit=_PAGE)
        found: dict[int, bytes] = {}
        waiting = self._records.get(call.key, {})
        for number, sealed in rows:
            self._seen_records.add((call.key, number))
            if number in waiting:
                continue
            try:
                found[number] = open_by_server(sealed, place_of_record(call.key, number), self._parts.sealer)
            except SealBroken:
                raise HostRefused(_CANNOT_OPEN) from None
        has_more = len(rows) == _PAGE
        end = rows[-1][0] if has_more else None
        for number, value in waiting.items():
            if value is not None and number > call.after and (end is None or number <= end):
                found[number] = value
        numbers = sorted(found)[:_PAGE]
        if len(found) > _PAGE:
            has_more, end = True, numbers[-1]
        blobs = {str(place): found[number] for place, number in enumerate(numbers)}
        # `keys` says where the next page begins.
        return StoreAnswer(numbers=tuple(numbers), keys=(str(end),) if has_more else ()), blobs

    def _record_change(self, key: str, number: int, value: bytes | None) -> Change:
        now = self._parts.clock.now()
        must_be_there = self._is_repeatable and (key, number) in self._seen_records

        async def carry_out(statements: Statements) -> None:
            if value is None:
                if not await store.delete_record(statements, key, number) and must_be_there:
                    raise Conflict
            else:
                sealed = seal_by_server(value, place_of_record(key, number), self._parts.sealer)
                await store.add_record(statements, number, key, sealed, now)

        return carry_out

    # -- Stashes

    def _keep_stash(self, value: bytes, seconds: int) -> StoreAnswer:
        self._count_one(value)
        keys = new_stash_keys()
        ends_at = self._parts.clock.now() + timedelta(seconds=seconds)
        self._stashes[keys.key] = (seal_stash(value, keys.secret, keys.key, ends_at), ends_at)
        return StoreAnswer(keys=(keys.key,), secret=keys.secret)

    async def _open_stash(self, call: OpenStash) -> tuple[StoreAnswer, Blobs]:
        now, own = self._parts.clock.now(), self._stashes.get(call.key)
        hashed = hash_of(call.key)
        found = own if own is not None else await store.stash(self._parts.database, hashed, now)
        try:
            value = None if found is None else open_stash(found[0], call.secret, call.key, found[1])
        except SealBroken:
            value = None
        if value is None or self._is_spent(call.key):
            return StoreAnswer(), {}
        self._count_one(b"")
        if call.deletes and own is not None:
            del self._stashes[call.key]
        elif call.deletes:
            self._others.append(_Spending(call.key, hashed, must_be_first=self._is_repeatable))
        elif call.seconds is not None:
            ends_at = now + timedelta(seconds=call.seconds)
            sealed = seal_stash(value, call.secret, call.key, ends_at)
            if own is not None:
                self._stashes[call.key] = (sealed, ends_at)
            else:
                self._others.append(lambda statements: store.keep_stash(statements, hashed, sealed, ends_at))
        return StoreAnswer(keys=(call.key,)), {"value": value}

    def _is_spent(self, key: str) -> bool:
        return any(isinstance(change, _Spending) and change.key == key for change in self._others)

    def _stash_change(self, key: str, sealed: bytes, ends_at: datetime) -> Change:
        return lambda statements: store.add_stash(statements, hash_of(key), sealed, ends_at)

    # -- Snapshots

    def _keep_snapshot(self, call: KeepSnapshot, data: bytes) -> None:
        self._count_one(data)
        try:
            parsed: Mapping[str, object] = orjson.loads(data.replace(b"\\u0000", b""))
        except ValueError:
            raise HostRefused("A snapshot has to be JSON.") from None
        session_id, interview, now = self._session_keys().session_id, self._interview, self._parts.clock.now()
        code = self._code

        async def carry_out(statements: Statements) -> None:
            await store.keep_snapshot(
                statements,
                session_id,
                interview,
                code=code,
                tag=call.tag or "",
                data=parsed,
                is_persistent=call.is_persistent,
                now=now,
            )

        self._others.append(carry_out)

    def _count_one(self, value: bytes) -> None:
        self._count += 1
        self._bytes += len(value)
        if self._count > _MOST_WRITES or self._bytes > _MOST_BYTES:
            raise HostRefused("One run cannot store so much.")


_STATE = (
    "_writes", "_cleared", "_read", "_whole", "_collections", "_found", "_records", "_seen_records", "_stashes",
    "_others", "_bytes", "_count",
)  # fmt: skip
"""What a run has read and wants."""


def _copied(state: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: copy(value) for name, value in state.items()}
    found["_records"] = {key: dict(numbers) for key, numbers in found["_records"].items()}
    return found


class _Write:
    """A value that waits for the commit."""

    def __init__(self, value: bytes | None, sealed_by: SealedBy, carry_out: Change) -> None:
        self.value, self.sealed_by, self.carry_out = value, sealed_by, carry_out


class _Deletion(_Write):
    """A key that will have no value."""

    def __init__(self, place: Place, expected: int | None) -> None:
        super().__init__(None, "server", lambda statements: store.delete(statements, place, expected=expected))


class _Spending:
    """A stash that is opened once and is gone then."""

    def __init__(self, key: str, hashed: bytes, *, must_be_first: bool) -> None:
        self.key, self._hashed, self._must_be_first = key, hashed, must_be_first

    async def __call__(self, statements: Statements) -> None:
        if not await store.delete_stash(statements, self._hashed) and self._must_be_first:
            raise Conflict


def _order(place: Place) -> tuple[str, str, str]:
    return place.scope, place.collection, place.key


def _blob(blobs: Blobs, name: str) -> bytes:
    if name not in blobs:
        raise HostRefused("A value that is to be stored did not come along.")
    return blobs[name]
