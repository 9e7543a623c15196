"""`colloquy publishers`: which other services may ask for which actions. Without an entry none may ask for anything."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer
from rich.console import Console

from services.installation import on_database
from services.printing import print_rows
from services.session.publishers import Permit, Publishers
from shared.kernel.clock import SystemClock
from shared.storage.database import Database

publishers = typer.Typer(help="Services that may run actions in sessions.", no_args_is_help=True)

Publisher = Annotated[str, typer.Argument(help="The user of the broker, or the name an API key publishes under.")]
out = Console()


@publishers.command("allow")
def allow(
    publisher: Publisher,
    action: Annotated[str, typer.Option(help="Name of an action; * stands for any letters.")],
    interview: Annotated[str, typer.Option(help="package:data/questions/file.yml; * stands for any letters.")],
) -> None:
    """Let a service run an action on an interview."""

    async def change(database: Database) -> None:
        await Publishers(clock=SystemClock()).allow(database, Permit(publisher, interview, action))

    asyncio.run(on_database(change))
    out.print(f"{publisher} may run {action} on {interview}.", markup=False)


@publishers.command("forbid")
def forbid(
    publisher: Publisher,
    action: Annotated[str, typer.Option(help="As it was allowed; none: all.")] = "",
    interview: Annotated[str, typer.Option(help="As it was allowed; none: all.")] = "",
) -> None:
    """Take entries off the list again."""

    async def change(database: Database) -> int:
        return await Publishers(clock=SystemClock()).forbid(database, Permit(publisher, interview, action))

    out.print(f"{asyncio.run(on_database(change))} entries removed.")


@publishers.command("list")
def show(as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")] = False) -> None:
    """Show who may run what."""

    async def ask(database: Database) -> list[dict[str, Any]]:
        entries = await Publishers(clock=SystemClock()).entries(database)
        return [{"publisher": one.publisher, "action": one.action, "interview": one.interview} for one in entries]

    print_rows(asyncio.run(on_database(ask)), as_json, empty="No other service may run anything.")
