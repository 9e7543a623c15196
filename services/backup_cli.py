"""`colloquy backup` and `colloquy restore`: everything an installation needs to go on elsewhere, as one file.

A backup holds the database as of one moment and, where files lie in a folder, their sealed contents; not the key ring,
without which much of it cannot be opened: that is kept apart (docs/operators/backup.md).
"""

from __future__ import annotations

import asyncio
import json
import tarfile
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from services.installation import SCHEMAS, addressed
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.kernel.errors import ColloquyError
from shared.kernel.release import RELEASE
from shared.kernel.settings import Settings
from shared.storage import dumping
from shared.storage.database import Database
from shared.storage.migrations import migrate

out = Console()

_FACTS, _DATABASE, _FILES = "backup.json", "database.dump", "files"
_FORM = 1


class NoBackup(ColloquyError):
    """This is not a backup that this release can read."""


class KeysMissing(ColloquyError):
    """The key ring that was in use when the backup was made is not the one of the settings."""


class FileThere(ColloquyError):
    """There is a file of this name; a backup takes the place of none."""


def backup(
    target: Annotated[Path, typer.Argument(help="The file to write, e.g. colloquy-2026-11-21.tar.")],
) -> None:
    """Write database and files into one file, while everything goes on running."""
    settings = Settings.load()
    facts = _backup(settings, target)
    out.print(f"{target}: {target.stat().st_size / 1e6:.1f} MB, {facts['files']}.", highlight=False)
    out.print(f"It opens only with the keys {', '.join(facts['keys'])}: copy {settings.key_file} to a place apart.")


def restore(source: Annotated[Path, typer.Argument(help="What `colloquy backup` has written.")]) -> None:
    """Bring a backup into an empty database, then up to the tables of this release. Stop the services first."""
    facts = _restore(Settings.load(), source)
    out.print(f"Restored as of {facts['made_at']}, {facts['files']}. Start the services.", highlight=False)


def _backup(settings: Settings, target: Path) -> dict[str, Any]:
    if target.exists():
        raise FileThere(str(target))
    folder = None if settings.files_url else settings.files_folder
    facts = {
        "form": _FORM,
        "release": RELEASE,
        "made_at": SystemClock().now().isoformat(timespec="seconds"),
        "keys": list(ServerKeys.load(settings.key_file).key_ids),
        "files": f"files of {folder}" if folder else f"without the files, which are in {settings.files_url}",
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        dumped = Path(scratch, _DATABASE)
        asyncio.run(_on_database(settings, lambda database, url: dumping.dump(database, url, dumped)))
        # Files are copied after the database: contents stay for an hour after their rows have gone.
        written = Path(scratch, "backup.tar")
        with tarfile.open(written, "w") as tar:
            about = Path(scratch, _FACTS)
            about.write_text(json.dumps(facts, indent=2))
            tar.add(about, _FACTS)
            tar.add(dumped, _DATABASE)
            if folder is not None and folder.is_dir():
                tar.add(folder, _FILES, filter=_still_there)
        written.chmod(0o600)
        written.rename(target)
    return facts


def _restore(settings: Settings, source: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with tarfile.open(source) as tar:
                tar.extractall(scratch, filter="data")
            facts = json.loads(Path(scratch, _FACTS).read_text())
        except (OSError, tarfile.TarError, ValueError) as error:
            raise NoBackup(f"{source}: {type(error).__name__}.") from None
        if facts.get("form") != _FORM:
            raise NoBackup(f"{source} was written by release {facts.get('release')}.")
        if missing := set(facts["keys"]) - set(ServerKeys.load(settings.key_file).key_ids):
            raise KeysMissing(f"{settings.key_file} lacks {', '.join(sorted(missing))}.")
        dumped = Path(scratch, _DATABASE)

        async def bring(database: Database, url: str) -> None:
            await dumping.restore(database, url, dumped)
            await migrate(database, SCHEMAS)

        asyncio.run(_on_database(settings, bring))
        contents = Path(scratch, _FILES)
        if contents.is_dir() and not settings.files_url:
            _copy(contents, settings.files_folder)
    return dict(facts)


async def _on_database(settings: Settings, work: Callable[[Database, str], Awaitable[None]]) -> None:
    async with addressed(settings) as url:
        database = Database(url=url, maximum=1, wait_seconds=5, application_name="colloquy backup")
        await database.start()
        try:
            await work(database, url)
        finally:
            await database.stop()


def _still_there(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Whole files and folders; what is just being written has a name of its own, which nobody needs."""
    return member if member.isfile() or member.isdir() else None


def _copy(contents: Path, folder: Path) -> None:
    for path in sorted(contents.rglob("*")):
        place = folder / path.relative_to(contents)
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        else:
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            place.write_bytes(path.read_bytes())
            place.chmod(0o600)
