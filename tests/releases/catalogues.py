"""Which differences between the tables of two releases would break the older one, while both run on the newer tables.

Additive are: a new table, a new column that may be left out, a column that may now be left out, a wider type, a check
less, or one that lists more values. Everything else keeps the older release from reading, or from writing what it wrote
before: a table or column that is gone or has another name, another type, a value that must be given or be unique, a new
check, a unique index that `on conflict` names, a function or sequence that is gone or takes or gives something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.storage.database import Statements

_COLUMNS = """
select n.nspname || '.' || c.relname as place, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
       a.attnotnull as is_needed, a.atthasdef or a.attidentity <> '' as has_default
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v') and a.attnum > 0 and not a.attisdropped
  and n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'public', 'colloquy')
order by place, a.attnum
"""
_RULES = """
select n.nspname || '.' || c.relname as place, pg_get_constraintdef(r.oid) as rule,
       array(select a.attname::text from pg_attribute a
             where a.attrelid = c.oid and a.attnum = any(r.conkey)) as columns
from pg_constraint r join pg_class c on c.oid = r.conrelid join pg_namespace n on n.oid = c.relnamespace
where r.contype in ('c', 'f', 'x') and c.relkind in ('r', 'p')
  and n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'public', 'colloquy')
"""
_UNIQUE = """
select n.nspname || '.' || c.relname as place,
       regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '') as rule,
       array(select a.attname::text from pg_attribute a
             where a.attrelid = c.oid and (a.attnum = any(i.indkey) or a.attnum in (
                 select d.refobjsubid from pg_depend d where d.objid = i.indexrelid and d.refobjid = c.oid
             ))) as columns  -- of its condition, too
from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
where i.indisunique and c.relkind in ('r', 'p')
  and n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'public', 'colloquy')
"""
_CALLED = """
select 'function ' || n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ') gives '
       || pg_get_function_result(p.oid) as name
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'public', 'colloquy')
union all
select 'sequence ' || n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'S' and n.nspname not like 'pg\\_%' and n.nspname not in ('information_schema', 'public', 'colloquy')
"""
_WIDER: Mapping[str, tuple[str, ...]] = {
    "smallint": ("integer", "bigint"),
    "integer": ("bigint",),
    "real": ("double precision",),
}
_ONE_OF = re.compile(r"CHECK \(\((\w+) = ANY \(ARRAY\[(.+)\]\)\)\)\Z")
_SIZED = re.compile(r"(character varying)\((\d+)\)\Z")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it holds, and whether a row can be written without naming it."""

    type: str
    is_needed: bool
    has_default: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tables of a database."""

    columns: Mapping[str, Mapping[str, Column]]
    """By table, by name."""
    rules: Mapping[str, Mapping[str, frozenset[str]]]
    """Checks, references and exclusions by table: the text of each, and its columns."""
    unique: Mapping[str, Mapping[str, frozenset[str]]]
    """Unique indexes, primary keys among them, likewise; the text is without the index's name."""
    called: frozenset[str]
    """Functions with what they take and give, and sequences."""


async def read_catalogue(statements: Statements) -> Catalogue:
    """As the database has it now."""
    columns: dict[str, dict[str, Column]] = {}
    for row in await statements.fetch(_COLUMNS):
        column = Column(row["type"], row["is_needed"], row["has_default"])
        columns.setdefault(row["place"], {})[row["name"]] = column
    called = frozenset(row["name"] for row in await statements.fetch(_CALLED))
    return Catalogue(columns, await _texts(statements, _RULES), await _texts(statements, _UNIQUE), called)


async def _texts(statements: Statements, sql: str) -> dict[str, dict[str, frozenset[str]]]:
    found: dict[str, dict[str, frozenset[str]]] = {}
    for row in await statements.fetch(sql):
        found.setdefault(row["place"], {})[row["rule"]] = frozenset(row["columns"])
    return found


def breaking_tables(old: Catalogue, new: Catalogue) -> list[str]:
    """What breaks, in sentences, for a release that knows only the older tables."""
    found = [f"{called}: removed." for called in sorted(old.called - new.called)]
    for place, columns in old.columns.items():
        if place not in new.columns:
            found.append(f"{place}: removed.")
            continue
        found += _of_columns(place, columns, new.columns[place])
        found += _of_rules(place, old, new)
    return found


def _of_columns(place: str, before: Mapping[str, Column], after: Mapping[str, Column]) -> Iterator[str]:
    for name, column in before.items():
        now = after.get(name)
        if now is None:
            yield f"{place}.{name}: removed."
            continue
        if not _holds(now.type, column.type):
            yield f"{place}.{name}: {column.type} became {now.type}."
        if _must_be_given(now) and not _must_be_given(column):
            yield f"{place}.{name}: must be given now."
        elif now.is_needed and not column.is_needed:
            yield f"{place}.{name}: may not be null now."
    for name, column in after.items():
        if name not in before and _must_be_given(column):
            yield f"{place}.{name}: is new and must be given."


def _of_rules(place: str, old: Catalogue, new: Catalogue) -> Iterator[str]:
    """A rule on new columns alone is nothing to who does not know them."""
    known = old.columns[place].keys()
    before, after = old.rules.get(place, {}), new.rules.get(place, {})
    for rule, columns in after.items():
        if rule not in before and columns & known and not any(_allows_more(rule, each) for each in before):
            yield f"{place}: {rule} is a new rule."
    before, after = old.unique.get(place, {}), new.unique.get(place, {})
    for rule, columns in after.items():
        if rule not in before and columns <= known:
            yield f"{place}: {rule} must be unique now."
    for rule in before:
        if rule not in after:
            yield f"{place}: {rule} need not be unique any more, and an `on conflict` may name it."


def _allows_more(rule: str, before: str) -> bool:
    """Whether both list the values of one column, and the one lists all that the other did."""
    now, then = _ONE_OF.match(rule), _ONE_OF.match(before)
    if now is None or then is None or now[1] != then[1]:
        return False
    return set(now[2].split(", ")) >= set(then[2].split(", "))


def _must_be_given(column: Column) -> bool:
    return column.is_needed and not column.has_default


def _holds(now: str, before: str) -> bool:
    """Whether the one type holds every value of the other, and gives it back as it was."""
    sized, resized = _SIZED.match(before), _SIZED.match(now)
    if sized is not None:
        return now in ("text", "character varying") or (resized is not None and int(resized[2]) >= int(sized[2]))
    return now == before or now in _WIDER.get(before, ())
