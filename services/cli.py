"""The `colloquy` command, for operators and authors. Services and rooms do the work; here is only asking."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from importlib import import_module
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services import linting
from services.embedded import SCHEMAS, bring_up_to_date, interview_folders, start_stores, up
from shared.bus.dead_letters import DeadLetters
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.errors import ColloquyError
from shared.kernel.interview_path import InterviewPath
from shared.kernel.logging import configure_logging
from shared.kernel.service import Service, run, run_process
from shared.kernel.settings import Settings
from shared.storage.child import DataFolderInUse
from shared.storage.database import Database
from shared.storage.embedded_postgres import url_of_running
from shared.storage.migrations import pending
from shared.tasks.overview import newest

SERVICES = ("session", "worker", "scheduler", "mail", "gateway")

app = typer.Typer(help="Colloquy: guided interviews whose sessions live beyond the screen.", no_args_is_help=True)
letters = typer.Typer(help="Messages that could not be handled.", no_args_is_help=True)
keys = typer.Typer(help="The server's keys.", no_args_is_help=True)
tasks = typer.Typer(help="Background tasks.", no_args_is_help=True)
app.add_typer(letters, name="dead-letters")
app.add_typer(keys, name="keys")
app.add_typer(tasks, name="tasks")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
out = Console()


@app.callback()
def prepare() -> None:
    """Colloquy: guided interviews whose sessions live beyond the screen."""
    configure_logging(level="warning")  # standard output is for what a command has to say


@app.command("up")
def up_command() -> None:
    """Run everything in one process, with its own PostgreSQL and Redis where no URL is given."""
    settings = Settings.load()
    configure_logging(level=settings.log_level, format=settings.log_format)

    def announce(address: str) -> None:
        print(f"\nColloquy is ready: {address}\n", flush=True)  # noqa: T201 - the one line a person waits for

    run(up(settings, announce=announce))


@app.command()
def serve(service: Annotated[str, typer.Argument(help="One of " + ", ".join(SERVICES) + ".")]) -> None:
    """Run one service on PostgreSQL, Redis and RabbitMQ, by the URLs in the environment."""
    if service not in SERVICES:
        raise typer.BadParameter(f"There is no service {service!r}; there are {', '.join(SERVICES)}.")
    import_module(f"services.{service}.__main__").main()


@app.command("migrate")
def migrate_command() -> None:
    """Bring the database's tables up to date; safe to run at any time, and from several places at once."""
    settings = Settings.load(required=("database_url",))
    configure_logging(level=settings.log_level, format=settings.log_format)
    applied = asyncio.run(bring_up_to_date(settings.database_url, wait_seconds=settings.start_wait_seconds))
    out.print(f"{len(applied)} migrations applied." if applied else "The database is up to date.")


@app.command()
def lint(
    interviews: Annotated[
        list[str] | None, typer.Argument(help="Files, folders, packages or references; none: all on the path.")
    ] = None,
    as_json: AsJson = False,
    strict: Annotated[bool, typer.Option("--strict", help="End with status 1 for warnings, too.")] = False,
) -> None:
    """Find what is wrong with interviews without running them. Ends with status 1 when there are errors."""
    try:
        wanted = linting.wanted(interviews or [], interview_folders(Settings.load()))
    except linting.NotFoundToLint as error:
        raise typer.BadParameter(str(error)) from None
    shows_progress = len(wanted.references) > 1 and sys.stderr.isatty()
    reports = asyncio.run(linting.examine(wanted, shows_progress=shows_progress))
    if as_json:
        sys.stdout.write(linting.as_json(reports))
    else:
        for line in linting.as_text(reports):
            out.print(line, highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(1 if linting.is_failure(reports, is_strict=strict) else 0)


@letters.command("list")
def list_letters(queue: str = "", after: int = 0, limit: int = 100, as_json: AsJson = False) -> None:
    """Show what could not be handled, with the reason; contents stay sealed."""

    async def ask(database: Database) -> list[dict[str, Any]]:
        kept = await DeadLetters(database=database, clock=SystemClock()).list(queue=queue, after=after, limit=limit)
        return [{"number": one.number, **_shown(asdict(one.letter))} for one in kept]

    print_rows(asyncio.run(_on_database(ask)), as_json, empty="There are no dead letters.")


@letters.command("replay")
def replay_letters(numbers: list[int]) -> None:
    """Put letters back into the queues they died in."""

    async def ask(database: Database) -> int:
        return await DeadLetters(database=database, clock=SystemClock()).replay(numbers)

    out.print(f"{asyncio.run(_on_database(ask))} put back.")


@letters.command("drop")
def drop_letters(numbers: list[int]) -> None:
    """Forget letters for good."""

    async def ask(database: Database) -> int:
        return await DeadLetters(database=database, clock=SystemClock()).drop(numbers)

    out.print(f"{asyncio.run(_on_database(ask))} dropped.")


@tasks.command("list")
def list_tasks(state: str = "", limit: int = 50, as_json: AsJson = False) -> None:
    """Show background tasks, newest first."""

    async def ask(database: Database) -> list[dict[str, Any]]:
        return [asdict(line) for line in await newest(database, state=state, limit=limit)]

    print_rows(asyncio.run(_on_database(ask)), as_json, empty="There are no tasks.")


@keys.command("create")
def create_keys() -> None:
    """Make the key file, where there is none."""
    settings = Settings.load()
    ring = ServerKeys.load(settings.key_file, create=True)
    out.print(f"{settings.key_file}: {', '.join(ring.key_ids)}")


@keys.command("rotate")
def rotate_keys() -> None:
    """Add a new key on top; the older ones stay for what they sealed."""
    out.print(f"The newest key is now {ServerKeys.rotate(Settings.load().key_file)}.")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what this machine and its settings lack. Ends with status 1 when something is missing."""
    found = asyncio.run(_examine(Settings.load()))
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        for name, problem in found.items():
            out.print(f"{'[red]missing[/]' if problem else '[green]fine[/]   '}  {name}  {problem or ''}")
    raise typer.Exit(1 if any(found.values()) else 0)


async def _examine(settings: Settings) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        async with _opened(settings) as database:
            waiting = await pending(database, SCHEMAS)
        found["database"] = f"{len(waiting)} migrations wait: run `colloquy migrate`." if waiting else ""
    except ColloquyError as error:
        found["database"] = str(error)
    try:
        ServerKeys.load(settings.key_file)
        found["server keys"] = ""
    except ColloquyError as error:
        found["server keys"] = str(error)
    found["interviews"] = "" if _references(InterviewPath.of(interview_folders(settings))) else "None are on the path."
    return found


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Database]:
    """The database of this installation, also while it runs: then that of the process that has the data folder."""
    started: Service | None = None
    try:
        stores = await start_stores(settings)
        url, started = stores.database_url, stores.started
    except DataFolderInUse:
        running = url_of_running(settings.data_dir)
        if running is None:
            raise
        url = running
    database = Database(url=url, maximum=1, wait_seconds=5, application_name="colloquy command")
    try:
        await database.start()
        yield database
    finally:
        await database.stop()
        if started is not None:
            await started.stop()


async def _on_database(ask: Callable[[Database], Any]) -> Any:
    async with _opened(Settings.load()) as database:
        return await ask(database)


def _references(path: InterviewPath) -> list[str]:
    return [file.reference for file in path.interviews()]


def _shown(letter: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in letter.items() if name != "body"}


def print_rows(rows: list[dict[str, Any]], as_json: bool, *, empty: str) -> None:
    """Print what a list command found: a line for each, or JSON."""
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2, default=str) + "\n")
        return
    if not rows:
        out.print(empty)
        return
    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(name, no_wrap=True, overflow="ignore")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    # One line each, however narrow the terminal: an id that was cut off could not be given to another command.
    Console(width=10_000).print(table, soft_wrap=True)


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return escape(str(value)) if value is not None else ""


def main() -> None:
    """The entry point."""
    run_process(app)


if __name__ == "__main__":
    main()
