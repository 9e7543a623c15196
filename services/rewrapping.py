"""Which server key the stored values need, and sealing them anew under the newest one, batch by batch.

Works beside running services: a value that one of them has changed meanwhile is left for the next pass. What is done
does not match the search any more, so a rewrapping that was broken off goes on where it was.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import services.gateway.browser_sessions
import services.gateway.parked
import services.gateway.repeats
import services.scheduler.ticker
import services.session.actions
import services.session.endings
import services.session.keys
import services.session.my_sessions
import services.session.notes
import services.session.provenance
import services.session.sweeps
import shared.files.store
import shared.mailbox.media_to_fetch
import shared.mailbox.opt_outs
import shared.mailbox.outgoing
import shared.mailbox.text_lines
import shared.mailbox.webhooks
import shared.people.credentials
import shared.people.links
import shared.people.second_factor
import shared.stores.links
import shared.stores.sealing
import shared.tasks.sealing
from shared.crypto.aead import SealBroken
from shared.crypto.keys import ServerKeys
from shared.crypto.rotation import SealedColumn
from shared.storage.database import Database, Row

SEALED_COLUMNS: tuple[SealedColumn, ...] = (
    services.session.keys.SEALED,
    services.session.my_sessions.SEALED,
    services.session.endings.SEALED,
    services.session.notes.SEALED,
    services.session.provenance.SEALED,
    services.session.actions.SEALED,
    services.session.sweeps.SEALED,
    services.scheduler.ticker.SEALED,
    *services.gateway.browser_sessions.SEALED,
    services.gateway.parked.SEALED,
    shared.tasks.sealing.SEALED,
    shared.files.store.SEALED,
    shared.people.credentials.SEALED,
    shared.people.second_factor.SEALED,
    shared.people.links.SEALED,
    shared.mailbox.media_to_fetch.SEALED,
    shared.mailbox.opt_outs.SEALED,
    shared.mailbox.outgoing.SEALED,
    shared.mailbox.text_lines.SEALED,
    shared.mailbox.webhooks.SEALED,
    shared.stores.links.SEALED,
    *shared.stores.sealing.SEALED,
    services.gateway.repeats.SEALED,
)
"""Every column under the server's key. Messages are sealed with it, too, but are soon gone."""

_BATCH = 500
_MESSAGES = ("bus.outbox", "bus.dead_letters")
_BLOBS = "bus.blobs"


@dataclass
class Progress:
    """What was done."""

    done: int = 0
    broken: list[str] = field(default_factory=list)
    """Columns with values that no key of the ring opens."""


async def needs(database: Database) -> Counter[str]:
    """How many stored values need each key, by key id; large bodies of messages are among them."""
    found = await _in_columns(database)
    for row in await database.fetch(_count(_BLOBS, "body", "")):
        found[_text(row["key_id"])] += row["number"]
    return found


async def messages_under(database: Database, key_id: str) -> int:
    """How many messages wait, or lie with the dead letters, that need a key. May take one of the same day for it."""
    head = bytes((1, len(key_id))) + key_id.encode()
    # The start of a sealed field in base64, as far as it does not depend on what follows.
    start = base64.b64encode(head)[: len(head) // 3 * 4]
    found = 0
    for table in _MESSAGES:
        found += await database.fetchval(
            f"select count(*) from {table} where position($1::bytea in body) > 0",  # noqa: S608
            start,
        )
    return found


async def outstanding(database: Database, newest: str) -> int:
    """How many values are not under the newest key."""
    return sum(number for key_id, number in (await _in_columns(database)).items() if key_id != newest)


async def rewrap(database: Database, keys: ServerKeys, *, tick: Callable[[int], None], batch: int = _BATCH) -> Progress:
    """Seal everything under the newest key; `tick` is told how many more are done after each batch."""
    progress = Progress()
    for column in SEALED_COLUMNS:
        await _column(database, keys, column, progress, tick, batch)
    return progress


async def _column(
    database: Database,
    keys: ServerKeys,
    column: SealedColumn,
    progress: Progress,
    tick: Callable[[int], None],
    batch: int,
) -> None:
    newest = keys.newest.key_id
    first, later, write = _find(column, after=False), _find(column, after=True), _write(column)
    rows = await database.fetch(first, newest.encode(), batch)
    while rows:
        changed = []
        for row in rows:
            try:
                again = column.seal_again(keys, row["value_sealed"], row)
            except SealBroken:
                progress.broken.append(f"{column.table}.{column.column}")
                continue
            values = (again, row["value_sealed"], *(row[name] for name in column.key))
            changed.append((*values, newest) if column.key_id_column else values)
        await database.executemany(write, changed)
        progress.done += len(changed)
        tick(len(rows))
        last: Row = rows[-1]
        rows = await database.fetch(later, newest.encode(), batch, *(last[name] for name in column.key))


async def _in_columns(database: Database) -> Counter[str]:
    found: Counter[str] = Counter()
    for column in SEALED_COLUMNS:
        for row in await database.fetch(_count(column.table, column.column, column.only)):
            found[_text(row["key_id"])] += row["number"]
    return found


def _key_id(column: str) -> str:
    return f"substring({column} from 3 for get_byte({column}, 1))"


def _count(table: str, column: str, only: str) -> str:
    return f"""
        select {_key_id(column)} as key_id, count(*) as number from {table}
        where octet_length({column}) > 2 {f"and {only}" if only else ""} group by 1
    """  # noqa: S608


def _find(column: SealedColumn, *, after: bool) -> str:
    names = ", ".join(column.key)
    marks = ", ".join(f"${number}" for number in range(3, 3 + len(column.key)))
    return f"""
        select {", ".join((*column.key, *column.reads))}, {column.column} as value_sealed from {column.table}
        where octet_length({column.column}) > 2 and {_key_id(column.column)} <> $1::bytea
        {f"and {column.only}" if column.only else ""} {f"and ({names}) > ({marks})" if after else ""}
        order by {names} limit $2
    """  # noqa: S608


def _write(column: SealedColumn) -> str:
    named = " and ".join(f"{name} = ${number}" for number, name in enumerate(column.key, start=3))
    noted = f", {column.key_id_column} = ${3 + len(column.key)}" if column.key_id_column else ""
    return f"update {column.table} set {column.column} = $1{noted} where {column.column} = $2 and {named}"  # noqa: S608


def _text(key_id: bytes) -> str:
    return key_id.decode("ascii", "replace")
