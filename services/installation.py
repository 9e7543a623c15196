"""What the commands for operators stand on: the database of this installation, and how lists are printed."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.embedded import start_stores
from shared.kernel.service import Service
from shared.kernel.settings import Settings
from shared.storage.child import DataFolderInUse
from shared.storage.database import Database
from shared.storage.embedded_postgres import url_of_running

out = Console()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The database of this installation, also while it runs: then that of the process that has the data folder."""
    async with addressed(settings) as url:
        database = Database(url=url, maximum=1, wait_seconds=5, application_name="colloquy command")
        try:
            await database.start()
            yield database
        finally:
            await database.stop()


@asynccontextmanager
async def addressed(settings: Settings) -> AsyncIterator[str]:
    """Where that database is, with its password, for as long as the block lasts."""
    started: Service | None = None
    try:
        stores = await start_stores(settings)
        url, started = stores.database_url, stores.started
    except DataFolderInUse:
        running = url_of_running(settings.data_dir)
        if running is None:
            raise
        url = running
    try:
        yield url
    finally:
        if started is not None:
            await started.stop()


async def on_database(ask: Callable[[Database], Any]) -> Any:
    """Do something with it."""
    async with opened(Settings.load()) as database:
        return await ask(database)


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
