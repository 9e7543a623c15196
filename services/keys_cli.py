"""`colloquy keys`: the server's keys, and how one takes the place of another (docs/operators/keys.md)."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.installation import on_database
from services.printing import print_rows
from services.rewrapping import messages_under, needs, outstanding, rewrap
from shared.crypto.keys import KeyStillNeeded, ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.settings import Settings
from shared.storage.database import Database

keys = typer.Typer(help="The server's keys.", no_args_is_help=True)
out = Console()

_REST = timedelta(hours=24)
"""How long pages, links and messages may be about that were made under a key before it was replaced."""
_PASSES = 5

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


@keys.command("create")
def create() -> None:
    """Make the key file, where there is none."""
    settings = Settings.load()
    ring = ServerKeys.load(settings.key_file, create=True)
    out.print(f"{settings.key_file}: {', '.join(ring.key_ids)}")


@keys.command("list")
def show(as_json: AsJson = False) -> None:
    """Show the keys, newest first, and how much needs each of them."""
    file = ServerKeys.look(Settings.load().key_file)

    async def ask(database: Database) -> list[dict[str, Any]]:
        needed = await needs(database)
        unknown = [key_id for key_id in needed if key_id not in file.key_ids]
        return [
            {
                "key": key_id,
                "state": _state(key_id, file.key_ids, file.prepared),
                "needed by": needed[key_id],
                "messages": await messages_under(database, key_id),
            }
            for key_id in (*file.key_ids, *unknown)
        ]

    print_rows(asyncio.run(on_database(ask)), as_json, empty="")


@keys.command("prepare")
def prepare() -> None:
    """Put a new key into the file that is not used yet, so that copies of the file can be brought along."""
    made = ServerKeys.prepare(Settings.load().key_file)
    out.print(
        f"{made} is prepared. Copy the key file to every machine, then `colloquy keys rotate`, and copy it again."
    )


@keys.command("rotate")
def rotate() -> None:
    """Seal from now on with a new key, or the one that was prepared; the older ones stay for what they sealed."""
    out.print(f"The newest key is now {ServerKeys.rotate(Settings.load().key_file)}.")
    out.print("`colloquy keys rewrap` seals anew what is stored; then `colloquy keys retire` takes the old ones out.")


@keys.command("rewrap")
def rewrap_command(
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Values sealed anew at a time.")] = 500,
    as_json: AsJson = False,
) -> None:
    """Seal everything stored under the newest key. Services go on meanwhile; broken off, it can be run again."""
    ring = ServerKeys.load(Settings.load().key_file)

    async def work(database: Database) -> tuple[int, list[str], int]:
        done = 0
        broken: list[str] = []
        with _bar() as bar:
            for _ in range(_PASSES):  # services write on while it works
                waiting = await outstanding(database, ring.newest.key_id)
                if waiting <= len(broken):
                    break
                line = bar.add_task("Rewrapping", total=waiting)
                ended = await rewrap(database, ring, batch=batch, tick=partial(bar.advance, line))
                done, broken = done + ended.done, ended.broken
            return done, broken, await outstanding(database, ring.newest.key_id)

    done, broken, left = asyncio.run(on_database(work))
    if as_json:
        sys.stdout.write(json.dumps({"rewrapped": done, "left": left, "broken": sorted(set(broken))}) + "\n")
    else:
        out.print(f"{done} values are under {ring.newest.key_id} now.")
        if broken:
            out.print(f"{len(broken)} could not be opened by any key of the file, in {', '.join(sorted(set(broken)))}.")
        elif left:
            out.print(f"{left} came under older keys meanwhile: is a copy of the key file behind? Run this again.")
    raise typer.Exit(1 if left else 0)


@keys.command("retire")
def retire(
    key_ids: Annotated[list[str] | None, typer.Argument(help="Old keys; none: all but the newest.")] = None,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Do not wait for a day: pages and links of before stop working.")
    ] = False,
) -> None:
    """Take old keys out of the file, when nothing stored needs them and a day has passed since they were replaced."""
    path = Settings.load().key_file
    file = ServerKeys.look(path)
    wanted = key_ids or [key_id for key_id in file.key_ids[1:] if key_id != file.prepared]
    if not wanted:
        out.print("There are no old keys.")
        return
    if not at_once and (file.newest_since is None or SystemClock().now() - file.newest_since < _REST):
        raise KeyStillNeeded(
            "Pages that are open, links and messages under way need it until a day after the newest took its place; "
            "`--at-once` does not wait."
        )

    async def look(database: Database) -> None:
        needed = await needs(database)
        for key_id in wanted:
            if count := needed[key_id] + await messages_under(database, key_id):
                raise KeyStillNeeded(f"{count} stored values need {key_id}: run `colloquy keys rewrap` first.")

    asyncio.run(on_database(look))
    ServerKeys.retire(path, wanted)
    out.print(f"{', '.join(wanted)} taken out. Backups of before need the old file: keep it with them.")


def _state(key_id: str, known: tuple[str, ...], prepared: str | None) -> str:
    if key_id not in known:
        return "not in the file"
    return "newest" if key_id == known[0] else "prepared" if key_id == prepared else "older"


def _bar() -> Progress:
    """On standard error, and only for people."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
