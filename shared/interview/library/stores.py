"""What interviews keep outside their answers: DAStore, records, stashes, snapshots (spec/area2 §9).

Nothing is written before the answers are saved; what a run reads after it has written, it sees.
"""

from __future__ import annotations

import json
from typing import Any

from shared.interview.library import store_desk
from shared.interview.library.faults import DAError
from shared.interview.library.json_form import safe_json, simplified_answers
from shared.interview.library.named import public
from shared.interview.library.objects.base import DAObject
from shared.interview.runtime.namespace import LOCALS
from shared.interview.runtime.run import current_run
from shared.interview.runtime.store_calls import (
    AddRecord,
    DeleteRecord,
    KeepSnapshot,
    KeepStash,
    OpenStash,
    ReadRecords,
)

__all__ = [
    "DAStore",
    "delete_record",
    "read_records",
    "retrieve_stashed_data",
    "stash_data",
    "store_variables_snapshot",
    "write_record",
]

_STASH_SECONDS = 90 * 86_400
_ENCRYPTED = ("", "user", "session")


@public
class DAStore(DAObject):
    """Values by key, shared by sessions. `base`: `user` (also when unset), `session`, `interview`, `global`, or a name.

    `encrypted` says whether only the person (`user`) or the session can open them; the other bases are open to all.
    """

    def _base(self) -> str:
        base = self.__dict__.get("base")
        if base is not None and not isinstance(base, str):
            raise DAError(f"The base of a DAStore has to be a text, not {base!r}")
        return base or "user"

    def is_encrypted(self) -> bool:
        """Whether values are written encrypted."""
        if "encrypted" in self.__dict__:
            return bool(self.__dict__["encrypted"])
        return self._base() in _ENCRYPTED

    def defined(self, key: str) -> bool:
        """Whether there is something under this key."""
        return key in self.keys()

    def get(self, key: str) -> Any:
        """A fresh copy of the value, or None. Raises DAException when it cannot be opened."""
        found = store_desk.read_one(self._base(), key)
        return None if found is None else store_desk.unpacked(found)

    def set(self, key: str, the_value: Any) -> None:
        """Keep a value, in place of the one before."""
        data = store_desk.packed(the_value, f"The value for the key {key!r}")
        store_desk.write(self._base(), {key: data}, is_encrypted=self.is_encrypted())

    def delete(self, key: str) -> None:
        """Delete a value, if there is one."""
        store_desk.write(self._base(), {}, deletes=(key,))

    def keys(self) -> list[str]:
        """All keys."""
        return store_desk.names(self._base())


def write_record(key: str, data: Any) -> int:
    """Add a record to a list that all interviews of this server share; its number."""
    value = store_desk.packed(data, "A record")
    answer, _ = store_desk.ask(lambda: AddRecord(key=key), {"value": value})
    return answer.numbers[0]


def read_records(key: str) -> dict[int, Any]:
    """The records of a list by number, in the order they were written."""
    found: dict[int, Any] = {}
    after: int | None = 0
    while after is not None:
        page, after = _page(key, after)
        found |= page
    return found


def _page(key: str, after: int) -> tuple[dict[int, Any], int | None]:
    """Some records, and where the next ones begin."""
    answer, blobs = store_desk.ask(lambda: ReadRecords(key=key, after=after))
    page = {number: store_desk.unpacked(blobs[str(place)]) for place, number in enumerate(answer.numbers)}
    return page, int(answer.keys[0]) if answer.keys else None


def delete_record(key: str, the_id: int) -> None:
    """Delete a record, if it is there."""
    store_desk.ask(lambda: DeleteRecord(key=key, number=int(the_id)))


def stash_data(data: Any, expire: int | None = None) -> tuple[str, str]:
    """Keep data for some seconds (90 days), encrypted; the key and the secret that together open it."""
    seconds = _STASH_SECONDS if expire is None else _seconds(expire)
    value = store_desk.packed(_plain(data), "The data")
    answer, _ = store_desk.ask(lambda: KeepStash(seconds=seconds), {"value": value})
    return answer.keys[0], answer.secret


def retrieve_stashed_data(stash_key: str, secret: str, delete: bool = False, refresh: Any = False) -> Any:
    """What was stashed, or None when it has expired, is gone, or the secret is not right.

    `delete`: nobody gets it again. `refresh`: it lasts so many seconds from now on, or 90 days (True).
    """
    seconds: int | None = None
    if refresh and not delete:
        is_number = isinstance(refresh, int) and not isinstance(refresh, bool) and refresh > 0
        seconds = int(refresh) if is_number else _STASH_SECONDS
    if not isinstance(stash_key, str) or not isinstance(secret, str) or len(stash_key) > 100 or len(secret) > 100:
        return None
    call = OpenStash(key=stash_key, secret=secret, deletes=bool(delete), seconds=seconds)
    answer, blobs = store_desk.ask(lambda: call)
    return store_desk.unstashed(blobs["value"]) if answer.keys else None


def _plain(data: Any) -> Any:
    """Dictionaries of the library are stashed as plain ones, as authors know it."""
    elements = getattr(data, "elements", None)
    return dict(elements) if isinstance(data, DAObject) and isinstance(elements, dict) else data


def _seconds(expire: Any) -> int:
    if isinstance(expire, bool) or not isinstance(expire, int) or expire <= 0:
        raise DAError("stash_data(): expire has to be a number of seconds above zero")
    return expire


def store_variables_snapshot(
    data: Any = None, include_internal: bool = False, key: str | None = None, persistent: bool = False
) -> None:
    """Keep the answers, or other data, as JSON that reports query with SQL: in clear, one for each session and key.

    With `persistent` it stays when the session is deleted. Raises DAError for a key that is no text.
    """
    if key is not None and not isinstance(key, str):
        raise DAError("store_variables_snapshot(): key has to be a text")
    if data is None:
        shown = {name: value for name, value in current_run().answers.items() if name not in LOCALS}
        found = simplified_answers(shown, includes_internal=include_internal)
    else:
        found = safe_json(data)
    text = json.dumps(found, ensure_ascii=True).encode()
    store_desk.ask(lambda: KeepSnapshot(tag=key, is_persistent=bool(persistent)), {"data": text})
