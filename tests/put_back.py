"""What somebody does who has the database: copies rows, and puts them back later as they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.storage.database import Database

_KEY = """
select a.attname::text from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
where i.indrelid = $1::text::regclass and i.indisprimary
"""
_COLUMNS = """
select attname::text from pg_attribute where attrelid = $1::text::regclass and attnum > 0 and not attisdropped
"""


@dataclass(frozen=True)
class Kept:
    """Copied rows of one table, as JSON."""

    table: str
    rows: Sequence[str]


async def kept(database: Database, table: str, condition: str, *values: object) -> Kept:
    """Copies of the rows for which this holds; there must be some."""
    found = await database.fetch(f"select to_jsonb(t)::text from {table} t where {condition}", *values)
    assert found
    return Kept(table, [row[0] for row in found])


async def put_back(database: Database, copies: Kept) -> None:
    """Every column as it was; rows that are gone come anew."""
    key = [row[0] for row in await database.fetch(_KEY, copies.table)]
    columns = [row[0] for row in await database.fetch(_COLUMNS, copies.table) if row[0] not in key]
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns)
    for row in copies.rows:
        await database.execute(
            f"insert into {copies.table} overriding system value "
            f"select * from jsonb_populate_record(null::{copies.table}, $1::text::jsonb) "
            f"on conflict ({', '.join(key)}) do update set {changes}",
            row,
        )
