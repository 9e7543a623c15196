"""How the commands for operators print what they found: a line for each row, or JSON."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

out = Console()


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
