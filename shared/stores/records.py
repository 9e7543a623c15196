"""Rows of the stores as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SealedBy = Literal["server", "user", "session"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands."""

    scope: str
    collection: str
    key: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored entry."""

    place: Place
    sealed: bytes = field(repr=False)
    sealed_by: SealedBy
    version: int


@dataclass(frozen=True, slots=True)
class ScopeKey:
    """One wrap of one key of a person's store."""

    generation: int
    holder: str
    wrapped: bytes = field(repr=False)
