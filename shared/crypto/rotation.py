"""Which columns hold what the server's key sealed, and how such a value is sealed anew when the key changes.

Every room that owns tables names its columns in `sealed_columns.py`; `colloquy keys rewrap` goes through them all. A
test holds the lists to the tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from shared.crypto.keys import ServerKeys


class Row(Protocol):
    """Values by column."""

    def __getitem__(self, name: str) -> Any:
        """One value."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedColumn:
    """A column under the server's key."""

    table: str
    """With its schema."""
    column: str
    key: tuple[str, ...]
    """The columns that name a row."""
    seal_again: Callable[[ServerKeys, bytes, Row], bytes]
    """The value under the newest key. Raises SealBroken, ServerKeyUnknown."""
    reads: tuple[str, ...] = ()
    """Further columns that the place of the value is made of."""
    only: str = ""
    """An SQL condition for the rows that are meant."""
    key_id_column: str = ""
    """Where the row says which key it was, for operators to see."""


def at_rest(purpose: Callable[[Row], str]) -> Callable[[ServerKeys, bytes, Row], bytes]:
    """For values sealed by `ServerKeys.at_rest`."""
    return lambda keys, sealed, row: keys.at_rest.seal_again(sealed, purpose=purpose(row))


def wrapped(place: Callable[[Row], bytes]) -> Callable[[ServerKeys, bytes, Row], bytes]:
    """For keys wrapped by `ServerKeys.wrap`."""
    return lambda keys, sealed, row: keys.wrap_again(sealed, associated=place(row))
