"""Contents that nobody has claimed yet, or that nobody needs any more: the list housekeeping works off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.storage.database import Statements

_ANNOUNCE = """
insert into files.leftovers (location, due_at) select location, $2 from unnest($1::text[]) as l (location)
on conflict (location) do update set due_at = least(leftovers.due_at, excluded.due_at)
"""
_CLAIM = "delete from files.leftovers where location = any($1)"
_TAKE = """
delete from files.leftovers where location = (
    select location from files.leftovers where due_at <= $1 order by due_at limit 1 for update skip locked)
returning location
"""


class Leftovers:
    """The table `files.leftovers`, for those who are about to write contents."""

    def __init__(self, *, database: Statements) -> None:
        self._database = database

    async def announce(self, locations: Sequence[str], *, due_at: datetime) -> None:
        """Contents are about to be written there."""
        await self._database.execute(_ANNOUNCE, list(locations), due_at)


async def discard(statements: Statements, locations: Sequence[str], *, due_at: datetime) -> None:
    """These contents are not needed any more at that time, once this transaction is committed."""
    if locations:
        await statements.execute(_ANNOUNCE, list(locations), due_at)


async def claim(statements: Statements, *locations: str) -> bool:
    """Take contents off the list because a row names them now; False when one of them has been removed."""
    return await statements.execute(_CLAIM, list(locations)) == f"DELETE {len(locations)}"


async def take_due(statements: Statements, *, now: datetime) -> str | None:
    """Take one content that is due off the list, to remove it before this transaction is committed."""
    location: str | None = await statements.fetchval(_TAKE, now)
    return location
