"""The `colloquy` command, for operators and authors. Services and rooms do the work; here is only asking."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console

from services.accounts_cli import users
from services.api_keys_cli import api_keys
from services.backup_cli import backup, restore
from services.config_cli import config
from services.gateway.task_desk import TaskDesk
from services.installation import SCHEMAS, bring_up_to_date, interview_folders, on_database, opened
from services.keys_cli import keys
from services.mail_cli import mail
from services.one_service import serve as begin
from services.packages_cli import packages
from services.printing import print_rows
from services.publishers_cli import publishers
from services.schedule_cli import cron, fires, runs, timers
from services.sessions_cli import sessions
from services.settings_table import mistakes, warn
from shared.bus import amqp
from shared.bus.cloudevents import Codec
from shared.bus.dead_letters import DeadLetters
from shared.bus.outbox import Outbox
from shared.contracts.catalog import message_types
from shared.contracts.envelope import Envelopes
from shared.crypto.keys import ServerKeys
from shared.files.room import content_store, try_out
from shared.kernel.clock import SystemClock
from shared.kernel.errors import ColloquyError
from shared.kernel.interview_path import InterviewPath
from shared.kernel.logging import configure_logging
from shared.kernel.service import run, run_process
from shared.kernel.settings import Settings, SettingsInvalid
from shared.kernel.tracing import configure_tracing
from shared.storage.database import Database
from shared.storage.migrations import pending

SERVICES = ("session", "worker", "scheduler", "mail", "gateway")

app = typer.Typer(help="Colloquy: guided interviews whose sessions live beyond the screen.", no_args_is_help=True)
letters = typer.Typer(help="Messages that could not be handled.", no_args_is_help=True)
tasks = typer.Typer(help="Background tasks.", no_args_is_help=True)
app.add_typer(letters, name="dead-letters")
app.add_typer(keys, name="keys")
app.add_typer(tasks, name="tasks")
app.add_typer(users, name="users")
app.add_typer(mail, name="mail")
app.add_typer(sessions, name="sessions")
app.add_typer(publishers, name="publishers")
app.add_typer(packages, name="packages")
app.add_typer(api_keys, name="api-keys")
for command in (backup, restore, config, cron, fires, runs, timers):
    app.command(command.__name__)(command)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
out = Console()


@app.callback()
def prepare() -> None:
    """Colloquy: guided interviews whose sessions live beyond the screen."""
    configure_logging(level="warning")  # standard output is for what a command has to say


@app.command("up")
def up_command() -> None:
    """Run everything in one process, with its own PostgreSQL and Redis where no URL is given."""
    if problems := mistakes(()):
        raise SettingsInvalid(problems)
    from services.embedded import up  # late: it loads all five services

    settings = Settings.load()
    configure_logging(level=settings.log_level, format=settings.log_format)
    configure_tracing(settings.otlp_endpoint, service="all")
    warn(settings)

    def announce(address: str) -> None:
        print(f"\nColloquy is ready: {address}\n", flush=True)  # noqa: T201 - the one line a person waits for

    run(up(settings, announce=announce))


@app.command()
def serve(service: Annotated[str, typer.Argument(help="One of " + ", ".join(SERVICES) + ".")]) -> None:
    """Run one service on PostgreSQL, Redis and RabbitMQ, by the URLs in the environment."""
    if service not in SERVICES:
        raise typer.BadParameter(f"There is no service {service!r}; there are {', '.join(SERVICES)}.")
    begin(service)


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
    from services import linting  # late: it loads the evaluation of interviews

    try:
        settings = Settings.load()
        wanted = linting.wanted(interviews or [], interview_folders(settings))
    except linting.NotFoundToLint as error:
        raise typer.BadParameter(str(error)) from None
    shows_progress = len(wanted.references) > 1 and sys.stderr.isatty()
    reports = asyncio.run(linting.examine(wanted, config=settings.interview_config, shows_progress=shows_progress))
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

    print_rows(asyncio.run(on_database(ask)), as_json, empty="There are no dead letters.")


@letters.command("replay")
def replay_letters(numbers: list[int]) -> None:
    """Put letters back into the queues they died in."""

    async def ask(database: Database) -> int:
        return await DeadLetters(database=database, clock=SystemClock()).replay(numbers)

    count = asyncio.run(on_database(ask))
    out.print(f"{count} put back.")
    if count < len(set(numbers)):
        out.print(
            "The others are not there, or have no contents: what another service has published it must send again "
            "(`colloquy dead-letters drop` forgets it)."
        )


@letters.command("drop")
def drop_letters(numbers: list[int]) -> None:
    """Forget letters for good."""

    async def ask(database: Database) -> int:
        return await DeadLetters(database=database, clock=SystemClock()).drop(numbers)

    out.print(f"{asyncio.run(on_database(ask))} dropped.")


@tasks.command("list")
def list_tasks(
    state: Annotated[str, typer.Option(help="pending, running, responding, succeeded, failed, revoked, or open.")] = "",
    session: Annotated[str, typer.Option(help="The internal id of a session.")] = "",
    interview: Annotated[str, typer.Option(help="A reference, package:data/questions/file.yml.")] = "",
    action: str = "",
    older_than: Annotated[float | None, typer.Option(help="Launched so many seconds ago, or earlier.")] = None,
    before: Annotated[str, typer.Option(help="The last id of the page before.")] = "",
    limit: int = 50,
    as_json: AsJson = False,
) -> None:
    """Show background tasks, newest first."""

    async def ask(database: Database) -> list[dict[str, Any]]:
        return await _task_desk(database).lines(
            state=state,
            session=session,
            interview=interview,
            action=action,
            older_than_seconds=older_than,
            before=before,
            limit=limit,
        )

    print_rows(asyncio.run(on_database(ask)), as_json, empty="There are no tasks.")


@tasks.command("show")
def show_task(task_id: str, as_json: AsJson = False) -> None:
    """Show one task with its history and its dead letters."""

    async def ask(database: Database) -> dict[str, Any]:
        return await _task_desk(database).show(task_id)

    found: dict[str, Any] = asyncio.run(on_database(ask))
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2, default=str) + "\n")
        return
    events, dead = found.pop("events"), found.pop("dead_letters")
    print_rows([{"": name, " ": value} for name, value in found.items()], False, empty="")
    out.print()
    print_rows(events, False, empty="Nothing is noted of its way.")
    if dead:
        out.print("\nDead letters; `colloquy tasks rerun` sends the message again:")
        print_rows(dead, False, empty="")


@tasks.command("revoke")
def revoke_task(task_id: str) -> None:
    """End a task, wherever it is; its interview sees TaskRevokedError, and open pages are told."""

    async def ask(database: Database) -> None:
        await _task_desk(database).revoke(task_id)

    asyncio.run(on_database(ask))
    out.print("Revoked.")


@tasks.command("rerun")
def rerun_task(task_id: str) -> None:
    """Send the message of a task again that waits or whose result waits, in place of its dead letters."""

    async def ask(database: Database) -> None:
        await _task_desk(database).ring_again(task_id)

    asyncio.run(on_database(ask))
    out.print("Its message is sent again.")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what this machine and its settings lack. Ends with status 1 when something is missing.

    As JSON: `checks`, of each what is wrong with it (empty: nothing), and `advice`, a list of sentences.
    """
    settings = Settings.load()
    found, advice = asyncio.run(_examine(settings)), asyncio.run(_advice(settings))
    if as_json:
        sys.stdout.write(json.dumps({"checks": found, "advice": advice}, indent=2) + "\n")
    else:
        for name, problem in found.items():
            out.print(f"{'[red]missing[/]' if problem else '[green]fine[/]   '}  {name}  {problem or ''}")
        for sentence in advice:
            out.print(f"[yellow]advice[/]   {sentence}")
    raise typer.Exit(1 if any(found.values()) else 0)


async def _examine(settings: Settings) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        async with opened(settings) as database:
            waiting = await pending(database, SCHEMAS)
        found["database"] = f"{len(waiting)} migrations wait: run `colloquy migrate`." if waiting else ""
    except ColloquyError as error:
        found["database"] = str(error)
    try:
        ServerKeys.load(settings.key_file)
        found["server keys"] = ""
    except ColloquyError as error:
        found["server keys"] = str(error)
    try:
        await try_out(content_store(settings))
        found["files"] = ""
    except ColloquyError as error:
        found["files"] = str(error)
    if settings.amqp_url:
        try:
            await amqp.try_out(settings.amqp_url)
            found["broker"] = ""
        except ColloquyError as error:
            found["broker"] = str(error)
    found["interviews"] = "" if _references(InterviewPath.of(interview_folders(settings))) else "None are on the path."
    return found


async def _advice(settings: Settings) -> list[str]:
    """What works, and should not stay so."""
    if settings.amqp_url and await amqp.is_open_to_guest(settings.amqp_url):
        return [
            "The broker lets `guest` in from this machine, by the password everybody knows: the code of interviews "
            "could use it, too. Give the services a user of their own, and `rabbitmqctl delete_user guest`."
        ]
    return []


def _task_desk(database: Database) -> TaskDesk:
    transport = ServerKeys.load(Settings.load().key_file).transport
    outbox = Outbox(codec=Codec(types=message_types(), sealer=transport))
    clock = SystemClock()
    return TaskDesk(database=database, outbox=outbox, envelopes=Envelopes("command", clock), clock=clock)


def _references(path: InterviewPath) -> list[str]:
    return [file.reference for file in path.interviews()]


def _shown(letter: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in letter.items() if name != "body"}


def main() -> None:
    """The entry point."""
    run_process(app)


if __name__ == "__main__":
    main()
