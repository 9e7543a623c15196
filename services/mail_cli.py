"""`colloquy mail`: letters that were not sent, and mail that came and waits for an operator's decision."""

from __future__ import annotations

import asyncio
import sys
from base64 import b64decode
from typing import Annotated, Any

import typer
from rich.console import Console

from services.gateway.quarantine import NoSuchMail, Quarantine
from services.installation import on_database
from services.printing import print_rows
from services.session import store as session_store
from services.session.keys import SessionKeys
from shared.bus.cloudevents import Codec
from shared.bus.outbox import Outbox
from shared.contracts.catalog import message_types
from shared.contracts.envelope import Envelopes
from shared.crypto.keys import ServerKeys
from shared.files.contents import StoredContents
from shared.files.room import FileRoom, content_store
from shared.kernel.clock import SystemClock
from shared.kernel.ids import SessionId
from shared.kernel.settings import Settings
from shared.mailbox import received
from shared.mailbox.addresses import Addresses
from shared.mailbox.outgoing import Outgoing
from shared.storage.database import Database

mail = typer.Typer(help="Mail that was not sent, and mail that came and waits for a decision.", no_args_is_help=True)
out = Console()

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


@mail.command("list")
def list_mail(as_json: AsJson = False) -> None:
    """Show what was not sent: without a mail server, every letter."""

    async def ask(database: Database) -> list[dict[str, Any]]:
        rows = await _outgoing().waiting(database)
        return [{"id": row[0], "kind": row[1], "state": row[2], "since": row[3]} for row in rows]

    print_rows(asyncio.run(on_database(ask)), as_json, empty="All mail was sent.")


@mail.command("show")
def show_mail(
    mail_id: str,
    is_raw: Annotated[
        bool, typer.Option("--raw", help="Print the whole mail of an interview, attachments too.")
    ] = False,
) -> None:
    """Print a letter. What it says is for its recipient only: links in it open accounts."""

    async def ask(database: Database) -> str:
        found = await _outgoing().find(database, mail_id)
        if found is None or found.letter is None:
            return "There is no such letter any more."
        if is_raw and found.letter.message:
            return found.letter.message.decode(errors="replace")
        return f"To: {found.letter.recipient}\nSubject: {found.letter.subject}\n\n{found.letter.text}"

    sys.stdout.write(asyncio.run(on_database(ask)) + "\n")


@mail.command("quarantine")
def list_quarantine(limit: int = 100, as_json: AsJson = False) -> None:
    """Show mail for sessions that was kept but not delivered, and why."""

    async def ask(database: Database) -> list[dict[str, Any]]:
        return await _quarantine(database).lines(limit=limit)

    print_rows(asyncio.run(on_database(ask)), as_json, empty="Nothing is in quarantine.")


@mail.command("view")
def view(mail_id: str) -> None:
    """Print a mail of the quarantine as it came, if the server may open its session; otherwise only its visitor can."""

    async def ask(database: Database) -> bytes:
        return await _whole(database, mail_id)

    sys.stdout.buffer.write(asyncio.run(on_database(ask)))


@mail.command("release")
def release(mail_id: str) -> None:
    """Deliver a mail of the quarantine to its session."""

    async def ask(database: Database) -> None:
        if not await _quarantine(database).release([mail_id]):
            raise NoSuchMail

    asyncio.run(on_database(ask))
    out.print("It is delivered.")


@mail.command("delete")
def delete(mail_id: str) -> None:
    """Delete a mail of the quarantine for good."""

    async def ask(database: Database) -> None:
        if not await _quarantine(database).delete([mail_id]):
            raise NoSuchMail

    asyncio.run(on_database(ask))
    out.print("It is deleted.")


async def _row(database: Database, mail_id: str) -> dict[str, Any]:
    for row in await received.in_quarantine(database, limit=100_000):
        if row["id"] == mail_id:
            return dict(row)
    raise NoSuchMail


async def _whole(database: Database, mail_id: str) -> bytes:
    """The mail as it came."""
    settings, clock = Settings.load(), SystemClock()
    server_keys = ServerKeys.load(settings.key_file)
    session_id = SessionId((await _row(database, mail_id))["session_id"])
    stored = await session_store.load(database, session_id, holders=(), steps=0)
    keys = None if stored is None else SessionKeys(server_keys=server_keys).open_unattended(stored, "mail")
    if keys is None:
        return b"It can be opened only by the visitor of its session: release it, or delete it.\n"
    addresses = await Addresses(database=database, clock=clock).of_session(database, keys)
    found = await received.find(database, mail_id, addresses)
    if found is None or found.contents.raw is None:
        raise NoSuchMail
    room = FileRoom.of(
        database=database,
        store=content_store(settings),
        server_keys=server_keys,
        clock=clock,
        max_file_bytes=settings.max_file_bytes,
    )
    raw = found.contents.raw
    return await room.contents.read(StoredContents(raw.location, b64decode(raw.key), raw.size_bytes))


def _outgoing() -> Outgoing:
    return Outgoing(sealer=ServerKeys.load(Settings.load().key_file, create=True).at_rest, clock=SystemClock())


def _quarantine(database: Database) -> Quarantine:
    transport = ServerKeys.load(Settings.load().key_file).transport
    clock, outbox = SystemClock(), Outbox(codec=Codec(types=message_types(), sealer=transport))
    return Quarantine(database=database, outbox=outbox, envelopes=Envelopes("command", clock), clock=clock)
