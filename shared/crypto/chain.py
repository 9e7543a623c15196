"""That the rows of one session belong together: none of them was put back as it was before.

A step is bound to its number and its version by its own seal; that it is still the newest of its number only another
row can say. So each step names the step it was written on by a code (HMAC-SHA256 under the session's data key), and the
session's row holds a code over its newest step and its own columns, which every commit makes anew. One row of an
earlier moment fits neither its neighbours nor the session's row. All rows of a session put back together do fit: there
is no witness outside of them (SECURITY.md).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.crypto.aead import SealBroken, associated_data

_STEP = b"colloquy step chain 1"
_ROWS = b"colloquy session rows 1"

UNKNOWN = b"?"
"""What a step names that was written over one of a release without the chain: nobody knows what came before it."""


class RowPutBack(SealBroken):
    """Rows of this session do not belong together: one of them was put back as it was before, or taken away."""


class StepRow(Protocol):
    """One step as it lies in the table."""

    @property
    def step(self) -> int:
        """Its number."""
        ...

    @property
    def version(self) -> int:
        """The version of the session it was written with."""
        ...

    @property
    def generation(self) -> int:
        """The data key it is sealed with."""
        ...

    @property
    def previous_mac(self) -> bytes | None:
        """The code of the step it was written on; empty for a first one, None from a release without the chain."""
        ...


class SessionRow(Protocol):
    """A session's row."""

    @property
    def session_id(self) -> str:
        """Whose rows they are."""
        ...

    @property
    def version(self) -> int:
        """Moved on by every commit."""
        ...

    @property
    def newest_step(self) -> int:
        """Number of the newest step."""
        ...

    @property
    def generation(self) -> int:
        """The newest data key."""
        ...

    @property
    def is_multi_user(self) -> bool:
        """Whether the server may open it."""
        ...

    @property
    def allow_cron(self) -> bool:
        """Whether it takes part in scheduled actions."""
        ...

    @property
    def header_sealed(self) -> bytes | None:
        """Title and the like."""
        ...

    @property
    def rows_mac(self) -> bytes | None:
        """The code over all of this and the newest step; None from a release without the chain."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainSessionRow:
    """A `SessionRow` for those who have its columns alone."""

    session_id: str
    version: int
    newest_step: int
    generation: int
    is_multi_user: bool
    allow_cron: bool
    header_sealed: bytes | None
    rows_mac: bytes | None = None


def step_mac(step: StepRow, session_id: str, keys: Mapping[int, bytes]) -> bytes:
    """The code that names this very step, and with it all before it; `keys` are data keys by generation."""
    place = associated_data(session_id, step.step, step.version, step.generation, (step.previous_mac or b"").hex())
    return hmac.digest(keys[step.generation], _STEP + place, "sha256")


def rows_mac(row: SessionRow, newest: StepRow, keys: Mapping[int, bytes]) -> bytes:
    """The code over a session's row and its newest step."""
    place = associated_data(
        row.session_id,
        row.version,
        row.newest_step,
        row.generation,
        int(row.is_multi_user),
        int(row.allow_cron),
        hashlib.sha256(row.header_sealed or b"").hexdigest(),
        step_mac(newest, row.session_id, keys).hex(),
    )
    return hmac.digest(keys[row.generation], _ROWS + place, "sha256")


def check_rows(row: SessionRow, steps: Mapping[int, StepRow], keys: Mapping[int, bytes]) -> None:
    """Hold the loaded steps to the session's row and to each other; without steps there is nothing to hold.

    `keys` open all of them. Raises RowPutBack.
    """
    if not steps:
        return
    newest = steps.get(row.newest_step)
    if newest is None or max(steps) > row.newest_step:
        raise RowPutBack
    if row.rows_mac is None:
        if newest.previous_mac is not None:
            raise RowPutBack
    elif not hmac.compare_digest(row.rows_mac, rows_mac(row, newest, keys)):
        raise RowPutBack
    for step in steps.values():
        before = steps.get(step.step - 1)
        if before is None or step.previous_mac in (None, UNKNOWN):
            continue
        if not hmac.compare_digest(step.previous_mac or b"", step_mac(before, row.session_id, keys)):
            raise RowPutBack
