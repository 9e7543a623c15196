"""`colloquy sessions`: what operators do about sessions. They see how many there are, never what is in them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer
from rich.console import Console

from services.installation import on_database
from services.printing import print_rows
from services.session.inactive import count_inactive
from services.session.settings import SessionSettings
from shared.bus.cloudevents import Codec
from shared.bus.outbox import Outbox
from shared.contracts.catalog import message_types
from shared.contracts.envelope import Envelopes
from shared.contracts.session import DeleteInactive
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.storage.database import Database

sessions = typer.Typer(help="Sessions of visitors.", no_args_is_help=True)
out = Console()


@sessions.command("inactive")
def show_inactive(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")] = False,
) -> None:
    """Show how many sessions of each interview are past their time, by COLLOQUY_INTERVIEW_DELETE_DAYS and its kin."""
    patience = SessionSettings.load().patience

    async def ask(database: Database) -> list[dict[str, Any]]:
        return [dict(row) for row in await count_inactive(database, patience, now=SystemClock().now())]

    print_rows(asyncio.run(on_database(ask)), as_json, empty="No session is past its time.")


@sessions.command("delete-inactive")
def delete_inactive() -> None:
    """Have them deleted with their files and tasks; the session service does it, and logs how many there were."""
    settings = SessionSettings.load()
    codec = Codec(types=message_types(), sealer=ServerKeys.load(settings.key_file).transport)

    async def ask(database: Database) -> None:
        await Outbox(codec=codec).add(database, [Envelopes("command", SystemClock()).wrap(DeleteInactive())])

    asyncio.run(on_database(ask))
    out.print("The session service deletes them.")
