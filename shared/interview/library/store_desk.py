"""How library code reaches the stores of the server: values are pickled here, where interview code is at home."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, cast

from shared.contracts.stashed import stashed_json
from shared.interview.errors import HostRefused
from shared.interview.library.faults import DAError, DAException
from shared.interview.library.json_form import transform_json_variables
from shared.interview.runtime.operations import Blobs
from shared.interview.runtime.pickling import dump_value, load_value
from shared.interview.runtime.run import current_run
from shared.interview.runtime.store_calls import (
    ClearEntries,
    ListEntries,
    ReadEntries,
    StoreAnswer,
    StoreCall,
    WriteEntries,
)

_CODE = (FunctionType, BuiltinFunctionType, MethodType, ModuleType)


def ask(make: Callable[[], StoreCall], blobs: Blobs | None = None) -> tuple[StoreAnswer, Blobs]:
    """Raises DAException when the server declines, DAError when the arguments are not what it takes."""
    try:
        call = make()
    except ValueError:
        raise DAError(
            "These arguments are not what the function takes: a key is a text of at most 1000 letters"
        ) from None
    try:
        answer, found = current_run().host.call(call, blobs)
    except HostRefused as error:
        raise DAException(error.message) from None
    return cast(StoreAnswer, answer), found


def packed(value: Any, what: str) -> bytes:
    """A value as it is stored. Raises UnstorableValue."""
    return dump_value(_without_code(value), what)


def unpacked(data: bytes) -> Any:
    """A fresh copy of what was stored."""
    return load_value(data)


def unstashed(data: bytes) -> Any:
    """A fresh copy of what was stashed, by an interview or by a program."""
    given = stashed_json(data)
    if given is None:
        return load_value(data)
    found, is_converted = given
    return transform_json_variables(found) if is_converted else found


def _without_code(value: Any) -> Any:
    """Functions and modules in plain lists, dictionaries and sets become None, as authors know it."""
    if isinstance(value, _CODE):
        return None
    if type(value) is list:
        return [_without_code(item) for item in value]
    if type(value) is dict:
        return {key: _without_code(item) for key, item in value.items() if not isinstance(key, _CODE)}
    if type(value) is set:
        return {item for item in value if not isinstance(item, _CODE)}
    return value


def read_one(base: str, key: str) -> bytes | None:
    """The stored value, or None."""
    answer, blobs = ask(lambda: ReadEntries(base=base, keys=(_text(key),)))
    return blobs["0"] if answer.keys else None


def read_all(base: str, collection: str) -> dict[str, bytes]:
    """All of a collection, by key."""
    answer, blobs = ask(lambda: ReadEntries(base=base, collection=_text(collection)))
    return {key: blobs[str(number)] for number, key in enumerate(answer.keys)}


def write(
    base: str,
    values: dict[str, bytes],
    *,
    collection: str = "",
    deletes: Sequence[str] = (),
    is_encrypted: bool = False,
) -> None:
    """Keep values, and delete others, when the answers are saved."""
    blobs = {str(number): value for number, value in enumerate(values.values())}
    ask(
        lambda: WriteEntries(
            base=base,
            collection=_text(collection),
            keys=tuple(_text(key) for key in values),
            deletes=tuple(_text(key) for key in deletes),
            is_encrypted=is_encrypted,
        ),
        blobs,
    )


def names(base: str, *, of_collections: bool = False) -> list[str]:
    """The keys of a store, or the names of its collections."""
    return list(ask(lambda: ListEntries(base=base, of_collections=of_collections))[0].keys)


def clear(base: str, collection: str) -> None:
    """Delete a collection."""
    ask(lambda: ClearEntries(base=base, collection=_text(collection)))


def _text(key: Any) -> str:
    if not isinstance(key, str):
        raise DAError(f"A key has to be a text, not {key!r}")
    return key
