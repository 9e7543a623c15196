"""What a run may keep outside its answers, and read back (spec/area2 §9). Whose it is, the parent says, not the run."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from shared.interview.runtime.operations import Value

_KEY = 1000
_MOST_KEYS = 1000
Base = str
"""`user`, `session`, `interview`, `global`, or a name that interviews have agreed upon."""


class _StoreCall(Value):
    may_wait: ClassVar[bool] = False


class ReadEntries(_StoreCall):
    """Values by key, or all of a collection; blob "0" belongs to the first key of the answer, and so on."""

    call: Literal["read_entries"] = "read_entries"
    base: Base = Field(max_length=_KEY)
    collection: str = Field("", max_length=_KEY)
    """Empty for a DAStore; the key of a DAGlobal, whose entries are its attributes."""
    keys: tuple[str, ...] | None = Field(None, max_length=_MOST_KEYS)


class ListEntries(_StoreCall):
    """The keys of a store; with `of_collections` the names of collections instead."""

    call: Literal["list_entries"] = "list_entries"
    base: Base = Field(max_length=_KEY)
    of_collections: bool = False


class WriteEntries(_StoreCall):
    """Keep the blobs "0", "1", … under these keys, and delete others, when the run is committed."""

    call: Literal["write_entries"] = "write_entries"
    base: Base = Field(max_length=_KEY)
    collection: str = Field("", max_length=_KEY)
    keys: tuple[str, ...] = Field((), max_length=_MOST_KEYS)
    deletes: tuple[str, ...] = Field((), max_length=_MOST_KEYS)
    is_encrypted: bool = False
    """Under a key of the person or the session; otherwise the server can read it."""


class ClearEntries(_StoreCall):
    """Delete a collection."""

    call: Literal["clear_entries"] = "clear_entries"
    base: Base = Field(max_length=_KEY)
    collection: str = Field(min_length=1, max_length=_KEY)


class AddRecord(_StoreCall):
    """Keep the blob "value" as a record; the answer has its number."""

    call: Literal["add_record"] = "add_record"
    key: str = Field(max_length=_KEY)


class ReadRecords(_StoreCall):
    """A page of the records of a key, in the order of their numbers; blob "0" belongs to the first number."""

    call: Literal["read_records"] = "read_records"
    key: str = Field(max_length=_KEY)
    after: int = 0


class DeleteRecord(_StoreCall):
    """Delete one record."""

    call: Literal["delete_record"] = "delete_record"
    key: str = Field(max_length=_KEY)
    number: int


class KeepStash(_StoreCall):
    """Keep the blob "value" for some time; the answer has the key and the secret that open it."""

    call: Literal["keep_stash"] = "keep_stash"
    seconds: int = Field(gt=0, le=100 * 366 * 86_400)


class OpenStash(_StoreCall):
    """The blob "value" comes back, if there is something and the secret is right."""

    call: Literal["open_stash"] = "open_stash"
    key: str = Field(max_length=100)
    secret: str = Field(max_length=100)
    deletes: bool = False
    seconds: int | None = Field(None, gt=0, le=100 * 366 * 86_400)
    """It lasts so long from now on; None: as before."""


class KeepSnapshot(_StoreCall):
    """Keep the blob "data", a JSON object, where reports query it: one for each session and tag."""

    call: Literal["keep_snapshot"] = "keep_snapshot"
    tag: str | None = Field(None, max_length=_KEY)
    is_persistent: bool = False
    """It stays when the session goes."""


class StoreAnswer(Value):
    """What was asked of a store; only the parts that belong to the call are filled."""

    answer: Literal["store"] = "store"
    keys: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    secret: str = ""


STORE_CALLS = (
    ReadEntries,
    ListEntries,
    WriteEntries,
    ClearEntries,
    AddRecord,
    ReadRecords,
    DeleteRecord,
    KeepStash,
    OpenStash,
    KeepSnapshot,
)
StoreCall = (
    ReadEntries
    | ListEntries
    | WriteEntries
    | ClearEntries
    | AddRecord
    | ReadRecords
    | DeleteRecord
    | KeepStash
    | OpenStash
    | KeepSnapshot
)
