"""`colloquy cron`, `fires`, `runs` and `timers`: what comes by itself, for operators."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer
from rich.console import Console

from services.gateway.task_desk import TaskDesk
from services.installation import on_database
from services.printing import print_rows
from services.scheduler import store as schedule
from services.session import cron_store, timer_troubles
from services.session.run_desk import entry_of
from shared.bus.cloudevents import Codec
from shared.bus.outbox import Outbox
from shared.contracts.catalog import message_types
from shared.contracts.envelope import Envelopes
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.ids import new_id
from shared.kernel.settings import Settings
from shared.storage.database import Database, Row

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
out = Console()


def cron(
    cron_type: Annotated[str, typer.Argument(help="A cron type to run now; none: show the timetable.")] = "",
    as_json: AsJson = False,
) -> None:
    """Run a cron type now in every session that takes part, or show when the types are due."""
    if not cron_type:

        async def show(database: Database) -> list[dict[str, Any]]:
            return [
                {"type": entry.cron_type, "next": entry.next_due.isoformat(), "rule": entry.rule}
                for entry in await schedule.timetable(database)
            ]

        print_rows(asyncio.run(on_database(show)), as_json, empty="The timetable is empty: has the scheduler run yet?")
        return
    if not cron_type.isidentifier():
        raise typer.BadParameter(f"{cron_type!r} is no cron type: it is to be the name of a variable.")
    fire_id = new_id()

    async def ask(database: Database) -> None:
        transport = ServerKeys.load(Settings.load().key_file).transport
        outbox, clock = Outbox(codec=Codec(types=message_types(), sealer=transport)), SystemClock()
        desk = TaskDesk(database=database, outbox=outbox, envelopes=Envelopes("command", clock), clock=clock)
        await desk.fire(fire_id, cron_type)

    asyncio.run(on_database(ask))
    out.print(f"Asked for. `colloquy runs --fire {fire_id}` shows what becomes of it.")


def fires(
    cron_type: Annotated[str, typer.Option("--type", help="Only of this cron type.")] = "",
    limit: int = 20,
    as_json: AsJson = False,
) -> None:
    """Show the newest fires of cron types, with how many sessions they visited."""

    async def ask(database: Database) -> list[dict[str, Any]]:
        rows = []
        for fire in await schedule.fires(database, cron_type=cron_type, limit=limit):
            counts = {row["status"]: row["number"] for row in await cron_store.summary(database, fire.fire_id)}
            rows.append(
                {
                    "fire": fire.fire_id,
                    "type": fire.cron_type,
                    "due": fire.due.isoformat(),
                    "late_seconds": round((fire.fired - fire.due).total_seconds(), 1),
                    "origin": fire.origin,
                    "sessions": ", ".join(f"{number} {status}" for status, number in sorted(counts.items())) or "none",
                }
            )
        return rows

    print_rows(asyncio.run(on_database(ask)), as_json, empty="There were no fires yet.")


def runs(
    fire: Annotated[str, typer.Option(help="Only of this fire.")] = "",
    session: Annotated[str, typer.Option(help="Only of the session with this internal id.")] = "",
    status: Annotated[str, typer.Option(help="waiting, done, skipped, failed, refused, missing or lost.")] = "",
    limit: int = 50,
    as_json: AsJson = False,
) -> None:
    """Show the newest runs of cron types: when, how long, how they ended, what they printed."""
    sealer = ServerKeys.load(Settings.load().key_file).at_rest

    async def ask(database: Database) -> list[dict[str, Any]]:
        found = await cron_store.runs(database, fire_id=fire, session_id=session, status=status, limit=limit)
        rows = []
        for row in found:
            run = entry_of(row, sealer)
            rows.append(
                {
                    "session": run.session_id,
                    "type": run.action,
                    "status": run.status,
                    "started": run.started_at.isoformat() if run.started_at else "",
                    "seconds": None if run.seconds is None else round(run.seconds, 3),
                    "printed": run.text,
                    "error": " ".join(filter(None, (run.error, run.place))),
                    "fire": run.fire_id,
                }
            )
        return rows

    print_rows(asyncio.run(on_database(ask)), as_json, empty="There are no runs.")


def timers(
    session: Annotated[str, typer.Option(help="Only of the session with this internal id.")] = "",
    state: Annotated[
        str, typer.Option(help="waiting, ended or cancelled; refused or failed: what rang without effect.")
    ] = "waiting",
    limit: int = 50,
    as_json: AsJson = False,
) -> None:
    """Show timers that sessions have set, the next one first."""

    async def ask(database: Database) -> list[dict[str, Any]]:
        if state in ("refused", "failed"):
            troubles = await timer_troubles.newest(database, status=state, session_id=session, limit=limit)
            return [_trouble(row) for row in troubles]
        found = await schedule.timers(database, session_id=session, state=state, limit=limit)
        return [
            {
                "timer": str(row["id"]),
                "session": str(row["session_id"]),
                "action": row["action"],
                "due": row["due_at"].isoformat(),
                "repeat": row["repeat"],
                "state": row["state"],
                "fired": row["fired"],
            }
            for row in found
        ]

    print_rows(asyncio.run(on_database(ask)), as_json, empty="There are no timers.")


def _trouble(row: Row) -> dict[str, Any]:
    return {
        "timer": row["operation_id"].split(":")[1],
        "session": row["session_id"],
        "action": row["action"],
        "rang": row["at"].isoformat(),
        "state": row["status"],
    }
