"""`colloquy config`: settings in force, what is wrong with them, and what docassemble's directives are called here."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from services import settings_table
from services.printing import print_rows
from shared.kernel.settings import Settings, SettingsInvalid, given_variables


def config(
    check: Annotated[bool, typer.Option("--check", help="Find every mistake; status 1 if there is one.")] = False,
    service: Annotated[
        list[str] | None, typer.Option(help="With --check: what this service needs must be given, too.")
    ] = None,
    reference: Annotated[
        Path | None, typer.Option(help="Explain the directives of a docassemble configuration (config.yml).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")] = False,
) -> None:
    """Show the settings in force. Secrets stay hidden."""
    if unknown := sorted(set(service or ()) - set(settings_table.OF_SERVICES)):
        raise typer.BadParameter(
            f"There is no service {unknown[0]!r}; there are {', '.join(settings_table.OF_SERVICES)}."
        )
    if not check and reference is None:
        print_rows(settings_table.in_force(), as_json, empty="")
        return
    found: dict[str, dict[str, str]] = {}
    if reference is not None:
        found["directives"] = settings_table.explained(reference)
    if check:
        found["mistakes"] = settings_table.mistakes(service or ())
        found["warnings"] = settings_table.warnings(_settings(), given_variables())
        found["directives"] = found.get("directives", {}) | settings_table.reference_variables(given_variables(""))
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        _tell(found, is_check=check)
    raise typer.Exit(1 if found.get("mistakes") else 0)


def _settings() -> Settings | None:
    try:
        return Settings.load()
    except SettingsInvalid:
        return None


def _tell(found: dict[str, dict[str, str]], *, is_check: bool) -> None:
    words = {"mistakes": "wrong    ", "warnings": "doubtful ", "directives": "directive"}
    for kind, lines in found.items():
        for name, text in lines.items():
            sys.stdout.write(f"{words[kind]}  {name}: {text}\n")
    if is_check and not found["mistakes"]:
        sys.stdout.write("No mistakes.\n")
