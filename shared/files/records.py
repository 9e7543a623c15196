"""What a file is: its record, what a commit asks to be done with it, and what is given out to who may open it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shared.files.contents import StoredContents
from shared.kernel.errors import ColloquyError, Refused


class UnknownFile(Refused):
    """There is no such file in this session."""


class ContentsLost(ColloquyError):
    """The contents of a file were removed before a commit claimed them; send the file again."""


class Keys(Protocol):
    """The opened data keys of a session."""

    @property
    def session_id(self) -> str:
        """Whose keys."""
        ...

    @property
    def generation(self) -> int:
        """Which of them seals what is written now."""
        ...

    @property
    def by_generation(self) -> Mapping[int, bytes]:
        """All that could be opened."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """What a commit does with one file. None leaves a part as it is, or as it is by default for a new file."""

    number: int
    contents: StoredContents | None = None
    filename: str | None = None
    mimetype: str | None = None
    is_private: bool | None = None
    is_persistent: bool | None = None
    grantees: tuple[str, ...] | None = None
    """Who else may open it, by names of `grantee_names`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """A row. Name and key are sealed."""

    number: int
    session_id: str
    interview: str
    mimetype: str
    size_bytes: int
    is_private: bool
    is_persistent: bool
    grantees: tuple[str, ...]
    location: str
    name_sealed: bytes = field(repr=False)
    key_wrapped: bytes = field(repr=False)
    server_wrap: bytes | None = field(repr=False)
    version: int = 0
    """How often it was changed; 0 from a release that did not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFile:
    """A file in the hands of somebody who may open it."""

    number: int
    filename: str = field(repr=False)
    mimetype: str
    contents: StoredContents


def is_shared(*, is_private: bool, is_persistent: bool, grantees: Iterable[str]) -> bool:
    """Whether others than the session's holders may open it, so that the server must be able to."""
    return not is_private or is_persistent or any(True for _ in grantees)


def grantee_names(
    *, users: Iterable[int] = (), emails: Iterable[str] = (), privileges: Iterable[str] = ()
) -> tuple[str, ...]:
    """How rows name people; an address is not stored, only its hash."""
    hashed = (hashlib.sha256(b"colloquy grantee " + email.strip().lower().encode()).hexdigest() for email in emails)
    return (
        *(f"user:{number}" for number in users),
        *(f"email:{digest}" for digest in hashed),
        *(f"privilege:{name}" for name in privileges),
    )
