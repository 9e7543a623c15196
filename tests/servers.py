"""The servers a test run uses: those of the machine where they answer, else our own embedded ones, once per run.

Nothing is skipped for want of a server: where one cannot be had, the test fails and says what to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import orjson

from shared.files.store_directory import DirectoryStore
from shared.kernel.ids import new_code
from shared.storage.embedded_postgres import EmbeddedPostgres
from shared.storage.embedded_redis import EmbeddedRedis

RUN_FOLDER = "COLLOQUY_TEST_RUN_FOLDER"
NODE = "COLLOQUY_TEST_RABBITMQ_NODE"  # name of the broker's node that tests/provision.py has started for this run
POSTGRES_DEFAULT = "postgresql://postgres@127.0.0.1:5432/postgres"
AMQP_DEFAULT = "amqp://guest:guest@127.0.0.1:5672/"
NO_BROKER = (
    "The suite needs a real RabbitMQ and there is none at {url}. Two ways out: run `make test`, which installs and "
    "starts Debian's package for the run; or start one yourself and set COLLOQUY_AMQP_URL."
)

T = TypeVar("T")


def in_thread(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end in a loop of its own, whatever loops exist here."""
    results: list[T] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(asyncio.run(work()))
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


def answers(host: str, port: int) -> bool:
    """Whether something listens there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1.0):
        return True
    return False


def postgres_server() -> str:
    """URL of a PostgreSQL where databases may be created: named, of this machine, or the run's own."""
    named = os.environ.get("COLLOQUY_TEST_DATABASE_URL")
    if named:
        return named
    if answers("127.0.0.1", 5432) and in_thread(lambda: _may_create_databases(POSTGRES_DEFAULT)):
        return POSTGRES_DEFAULT
    folder = Path(os.environ[RUN_FOLDER])
    with _once(folder) as is_first:
        server = EmbeddedPostgres(data_dir=folder, ends_with_us=False)
        if is_first:

            async def begin() -> str:
                await server.start()
                server._held.close()  # stays for the whole run; stop_servers ends it
                return server.url

            (folder / "postgres.url").write_text(in_thread(begin))
        return (folder / "postgres.url").read_text()


def stop_servers(folder: Path) -> None:
    """End what the run started and remove its folder."""
    if (folder / "postgres.url").exists():

        async def end() -> None:
            server = EmbeddedPostgres(data_dir=folder, ends_with_us=False)
            await server.start()
            await server.stop()

        in_thread(end)
        remove_homes_outside(folder)
    shutil.rmtree(folder, ignore_errors=True)


def remove_homes_outside(folder: Path) -> None:
    """Remove what embedded servers under `folder` keep elsewhere (shared/storage/service_folder.py)."""
    for place in folder.rglob("place.json"):
        home = Path(orjson.loads(place.read_bytes())["home"])
        if home.is_absolute() and home.name.startswith("colloquy-"):
            shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def own_database(server: str) -> Iterator[str]:
    """URL of a new database, dropped afterwards."""
    name = f"colloquy_test_{new_code(10).lower()}"

    async def run(sql: str) -> None:
        connection = await asyncpg.connect(server)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    in_thread(lambda: run(f'create database "{name}"'))
    try:
        yield beside(server, name)
    finally:
        in_thread(lambda: run(f'drop database if exists "{name}" with (force)'))


def beside(url: str, name: str) -> str:
    """URL of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@contextlib.contextmanager
def own_redis(folder: Path) -> Iterator[str]:
    """URL of a Redis nobody else uses."""
    server = EmbeddedRedis(data_dir=folder, ends_with_us=False)
    in_thread(server.start)
    try:
        yield server.url
    finally:
        in_thread(server.stop)


@contextlib.contextmanager
def own_vhost() -> Iterator[str]:
    """URL of a RabbitMQ, with a vhost of our own where we may make one, else the given one."""
    url = os.environ.get("COLLOQUY_AMQP_URL") or AMQP_DEFAULT
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 5672
    if not answers(host, port):
        raise ConnectionError(NO_BROKER.format(url=f"{host}:{port}"))
    name = f"colloquy-test-{new_code(8).lower()}"
    user = parts.username or "guest"
    if not (
        _may_control(host, port)
        and broker_told("add_vhost", name)
        and broker_told("set_permissions", "-p", name, user, ".*", ".*", ".*")
    ):
        yield url
        return
    try:
        yield urlunsplit(parts._replace(path=f"/{quote(name, safe='')}"))
    finally:
        broker_told("delete_vhost", name)


def _may_control(host: str, port: int) -> bool:
    is_ours = NODE in os.environ or (host in ("127.0.0.1", "localhost") and port == 5672)
    return is_ours and os.geteuid() == 0 and _control() is not None


def _control() -> str | None:
    return shutil.which("rabbitmqctl", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def broker_told(*words: str) -> bool:
    """Whether `rabbitmqctl` did what these words say, on the node of this run or else the machine's."""
    node = ("-n", os.environ[NODE]) if NODE in os.environ else ()
    command = [_control() or "rabbitmqctl", "-q", *node, *words]
    return subprocess.run(command, capture_output=True, timeout=120, check=False).returncode == 0


async def _may_create_databases(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=3)
    except (OSError, asyncpg.PostgresError):
        return False
    try:
        return bool(await connection.fetchval("select rolcreatedb from pg_roles where rolname = current_user"))
    finally:
        await connection.close()


@contextlib.contextmanager
def _once(folder: Path) -> Iterator[bool]:
    """Hold the run's lock; True for whoever comes first."""
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield not (folder / "postgres.url").exists()


def content_store() -> DirectoryStore:
    """Where files of tests lie: all of them in one folder, which is made when the first is written."""
    return DirectoryStore(Path(os.environ.get(RUN_FOLDER) or tempfile.gettempdir(), "contents"))
