"""`colloquy api-keys`: keys with which programs act for an account, and the names under which they ask for actions."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer
from rich.console import Console

from services.installation import on_database
from services.printing import print_rows
from services.session.publishers import BadPublisher, is_name
from shared.kernel.clock import SystemClock
from shared.people import store
from shared.people.api_keys import ApiKeys
from shared.people.records import UnknownAccount
from shared.storage.database import Database

api_keys = typer.Typer(help="Keys for programs.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The account it acts for.")]
Name = Annotated[str, typer.Argument(help="What it is for.")]
out = Console()


@api_keys.command("create")
def create(
    email: Email,
    name: Name,
    permission: Annotated[
        list[str] | None, typer.Option(help="What it may do at most; none: what the account may.")
    ] = None,
    address: Annotated[list[str] | None, typer.Option(help="From where; none: from everywhere.")] = None,
    publisher: Annotated[str, typer.Option(help="Under which name it may ask for actions at /api/actions.")] = "",
) -> None:
    """Make a key and print it: it is not shown again."""
    if publisher and not is_name(publisher):
        raise BadPublisher

    async def make(database: Database) -> str:
        return await ApiKeys(clock=SystemClock()).make(
            database,
            await _account_id(database, email),
            name,
            method="ip" if address else "none",
            allowed=address or (),
            permissions=permission or (),
            publisher=publisher,
        )

    typer.echo(asyncio.run(on_database(make)))


@api_keys.command("list")
def show(
    email: Email, as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")] = False
) -> None:
    """Show the keys of an account."""

    async def ask(database: Database) -> list[dict[str, Any]]:
        keys = await ApiKeys(clock=SystemClock()).of_account(database, await _account_id(database, email))
        return [
            {
                "name": one.name,
                "ends in": one.last_four,
                "from": ", ".join(one.allowed) if one.method != "none" else "everywhere",
                "may": ", ".join(one.permissions) or "all its account may",
                "publisher": one.publisher,
                "used": one.last_used_at,
            }
            for one in keys
        ]

    print_rows(asyncio.run(on_database(ask)), as_json, empty="There are no keys.")


@api_keys.command("delete")
def delete(email: Email, name: Name) -> None:
    """Take a key back."""

    async def change(database: Database) -> None:
        await ApiKeys(clock=SystemClock()).delete(database, await _account_id(database, email), name=name)

    asyncio.run(on_database(change))
    out.print("The key was deleted.")


async def _account_id(database: Database, email: str) -> int:
    account = await store.by_email(database, email)
    if account is None:
        raise UnknownAccount
    return account.id
