"""The user of PostgreSQL that interview code reads snapshots as: it sees the view `jsonstorage` and nothing else."""

from __future__ import annotations

from shared.storage.database import Statements

READER = "colloquy_author"

_MAKE = """
do $$ begin
    if not exists (select from pg_roles where rolname = '{role}') then
        create role {role} login;
    end if;
end $$
"""
_IS_PLAIN = """
select not (rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls) from pg_roles where rolname = $1
"""
_SHAPE = "alter role {role} connection limit 40 password '{password}'"
_MANNER = (
    "alter role {role} set search_path = stores",
    "alter role {role} set default_transaction_read_only = on",
    "alter role {role} set statement_timeout = '30s'",
    "grant usage on schema stores to {role}",
    "grant select on stores.jsonstorage to {role}",
)


async def make_reader(statements: Statements, password: str, *, role: str = READER) -> None:
    """Make the role, or give it a new password; needs the right to create roles. `password`: letters and digits.

    Raises ValueError for a role that somebody has given rights of its own.
    """
    if not (role.replace("_", "").isalnum() and password.replace("_", "").replace("-", "").isalnum()):
        raise ValueError("A role and its password are letters, digits and lines")
    await statements.execute(_MAKE.format(role=role))
    if not await statements.fetchval(_IS_PLAIN, role):
        raise ValueError(f"The role {role} has rights that interview code must not have")
    for sql in (_SHAPE, *_MANNER):
        await statements.execute(sql.format(role=role, password=password))
