"""`colloquy users`: accounts of people, for operators. The room of accounts does the work."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from services.installation import on_database
from services.printing import print_rows
from shared.crypto.keys import ServerKeys
from shared.crypto.passwords import Cost
from shared.kernel.clock import SystemClock
from shared.kernel.settings import Settings
from shared.people import store
from shared.people.directory import Directory
from shared.people.records import Account, Profile, UnknownAccount
from shared.people.second_factor import SecondFactor
from shared.storage.database import Database

users = typer.Typer(help="Accounts of people.", no_args_is_help=True)
out = Console()

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Privileges = Annotated[list[str] | None, typer.Option("--privilege", help="May be given more than once.")]
_SHORTEST = 8

T = TypeVar("T")


@users.command("create")
def create_user(
    email: str, privilege: Privileges = None, first_name: str = "", last_name: str = "", as_json: AsJson = False
) -> None:
    """Make an account; the password is asked for, or read from standard input. `--privilege admin` for the first."""
    password = _asked_password()

    async def make(directory: Directory) -> int:
        new = await directory.prepare(
            email=email,
            password=password,
            profile=Profile(first_name=first_name, last_name=last_name),
            privileges=privilege or ("user",),
            shortest=_SHORTEST,
        )
        async with directory.database.transaction() as connection:
            await directory.add(connection, new)
        return new.id

    number = _run(make)
    if as_json:
        print_rows([{"id": number, "email": email}], True, empty="")
    else:
        out.print(f"Account {number} was made.")


@users.command("list")
def list_users(search: str = "", as_json: AsJson = False) -> None:
    """Show accounts, in the order they were made."""

    async def ask(directory: Directory) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            accounts, after = await store.page(directory.database, after=after, includes_inactive=True, search=search)
            rows += [_row(account) for account in accounts]
        return rows

    print_rows(_run(ask), as_json, empty="There are no accounts.")


@users.command("privileges")
def set_user_privileges(email: str, privilege: list[str]) -> None:
    """Give an account these privileges instead of those it has."""

    async def change(directory: Directory) -> None:
        account = await _named(directory, email)
        async with directory.database.transaction() as connection:
            await store.set_privileges(connection, account.id, privilege)

    _run(change)
    out.print("The privileges were set.")


@users.command("password")
def set_user_password(email: str, lose_sessions: bool = False) -> None:
    """Set a new password. The encrypted sessions of before cannot be read by anybody then."""
    if not lose_sessions and not typer.confirm("Encrypted sessions of this person become unreadable. Go on?"):
        raise typer.Exit(1)
    password = _asked_password()

    async def change(directory: Directory) -> None:
        account = await _named(directory, email)
        key = await directory.key_without_password(account) if account.server_opens else None
        secrets, key = await directory.under_new_password(account, password, key, shortest=_SHORTEST)
        async with directory.database.transaction() as connection:
            await directory.set_password(connection, secrets, key)

    _run(change)
    out.print("The password was set.")


@users.command("close")
def close_user(email: str) -> None:
    """Let nobody sign in under an account any more; whoever is signed in is not."""
    _set_active(email, False)
    out.print("The account was closed.")


@users.command("open")
def open_user(email: str) -> None:
    """Open a closed account again."""
    _set_active(email, True)
    out.print("The account was opened.")


@users.command("drop-second-factor")
def drop_second_factor(email: str) -> None:
    """Turn the second factor of somebody off who has lost it, and the recovery codes too."""

    async def change(directory: Directory) -> None:
        account = await _named(directory, email)
        factor = SecondFactor(server_keys=_keys(), clock=SystemClock())
        async with directory.database.transaction() as connection:
            await factor.turn_off(connection, account.id)

    _run(change)
    out.print("The second factor is off.")


def _set_active(email: str, is_active: bool) -> None:
    async def change(directory: Directory) -> None:
        account = await _named(directory, email)
        async with directory.database.transaction() as connection:
            await store.set_active(connection, account.id, is_active)

    _run(change)


async def _named(directory: Directory, email: str) -> Account:
    account = await store.by_email(directory.database, email)
    if account is None:
        raise UnknownAccount
    return account


def _row(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "email": account.email,
        "name": account.name if account.name != account.email else "",
        "privileges": ", ".join(account.privileges),
        "state": "active" if account.is_active else "closed",
    }


def _asked_password() -> str:
    """From the terminal, twice and unseen; from a pipe its first line. Never a word of the command: others see it."""
    if sys.stdin.isatty():
        password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return password
    return sys.stdin.readline().rstrip("\n")


def _run(work: Callable[[Directory], Awaitable[T]]) -> T:
    async def on(database: Database) -> T:
        cost = Cost(memory_kib=Settings.load().password_memory_kib)
        return await work(Directory(database=database, server_keys=_keys(), clock=SystemClock(), cost=cost))

    found: T = asyncio.run(on_database(on))
    return found


def _keys() -> ServerKeys:
    return ServerKeys.load(Settings.load().key_file, create=True)
