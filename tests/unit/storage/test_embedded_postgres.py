"""shared/storage/embedded_postgres.py: a PostgreSQL under the data folder, for root and for everybody else."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from shared.storage.child import DataFolderInUse, DataFolderUnusable, ended, is_alive
from shared.storage.database import Database
from shared.storage.embedded_postgres import EmbeddedPostgres
from shared.storage.errors import DatabaseMisconfigured
from shared.storage.postgres_files import programs_for, reachable
from shared.storage.service_folder import ServerFilesGone, service_folder

PARENT = """
import asyncio, sys
from pathlib import Path
from shared.storage.database import Database
from shared.storage.embedded_postgres import EmbeddedPostgres
async def main():
    server = EmbeddedPostgres(data_dir=Path(sys.argv[1]), ends_with_us=sys.argv[2] == "tied")
    await server.start()
    database = Database(url=server.url)
    await database.start()
    await database.execute("create table if not exists kept (value text)")
    await database.execute("insert into kept values ('acknowledged')")
    await database.stop()
    print(server.pid, flush=True)
    if sys.argv[2] == "stop":
        await server.stop()
    else:
        await asyncio.sleep(600)
asyncio.run(main())
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as another user")


@pytest.fixture
def home() -> Iterator[Path]:
    """A short path: pytest's own temporary folders are too long for sockets on some systems."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def pattern() -> Iterator[Path]:
    """A data folder with a cluster that was made, used and properly stopped: making one is what takes time."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    folder.chmod(0o755)
    subprocess.run([sys.executable, "-c", PARENT, str(folder), "stop"], check=True, capture_output=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def made(pattern: Path, home: Path) -> Path:
    """A copy of it for one test."""
    subprocess.run(["cp", "-a", f"{pattern}/.", str(home)], check=True)
    return home


@pytest.fixture
async def stopping() -> AsyncIterator[list[EmbeddedPostgres]]:
    servers: list[EmbeddedPostgres] = []
    yield servers
    for server in servers:
        await server.stop()


def parent(folder: Path, how: str) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen([sys.executable, "-c", PARENT, str(folder), how], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(next(line for line in process.stdout if line.strip().isdigit()))


async def ask(server: EmbeddedPostgres, sql: str) -> object:
    database = Database(url=server.url)
    await database.start()
    try:
        return await database.fetchval(sql)
    finally:
        await database.stop()


def modes_above(folder: Path) -> dict[Path, int]:
    return {part: part.stat().st_mode for part in folder.parents}


async def test_it_starts_empty_keeps_what_was_stored_and_is_durable_and_modest(
    home: Path, stopping: list[EmbeddedPostgres]
) -> None:
    server = EmbeddedPostgres(data_dir=home / "data")
    stopping.append(server)
    await server.start()
    await ask(server, "create table kept (value text)")
    await server.stop()
    await server.start()
    assert await ask(server, "select count(*) from kept") == 0
    assert await ask(server, "show fsync") == "on"
    assert await ask(server, "show synchronous_commit") == "on"
    assert await ask(server, "show listen_addresses") == ""
    assert await ask(server, "select rolsuper from pg_roles where rolname = current_user") is False


async def test_no_mode_of_a_folder_above_is_changed_and_none_of_the_files_is_open_to_others(
    home: Path, stopping: list[EmbeddedPostgres]
) -> None:
    home.chmod(0o751)
    data = home / "data"
    data.mkdir(mode=0o755)
    before = modes_above(data / "postgres")
    server = EmbeddedPostgres(data_dir=data)
    stopping.append(server)
    await server.start()
    await server.stop()
    assert modes_above(data / "postgres") == before
    password = data / "postgres" / "password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    cluster = next((data / "postgres").rglob("PG_VERSION")).parent
    assert stat.S_IMODE(cluster.stat().st_mode) == 0o700


@needs_root
async def test_root_runs_it_as_a_user_without_account_who_owns_only_the_service_folder(
    home: Path, stopping: list[EmbeddedPostgres]
) -> None:
    server = EmbeddedPostgres(data_dir=home)
    stopping.append(server)
    await server.start()
    uid = Path(f"/proc/{server.pid}").stat().st_uid
    assert uid != 0
    with pytest.raises(KeyError):
        pwd.getpwuid(uid)
    assert (home / "postgres" / "server").stat().st_uid == uid
    assert stat.S_IMODE((home / "postgres" / "server").stat().st_mode) == 0o700
    assert (home / "postgres" / "password").stat().st_uid == 0
    environment = Path(f"/proc/{server.pid}/environ").read_bytes()
    assert b"COLLOQUY" not in environment


@needs_root
async def test_below_a_closed_folder_root_keeps_the_cluster_elsewhere_and_remembers_where(
    home: Path, stopping: list[EmbeddedPostgres]
) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(data_dir=closed / "data")
    stopping.append(server)
    await server.start()
    place = service_folder(closed / "data" / "postgres")
    try:
        assert not place.home.is_relative_to(home)
        assert stat.S_IMODE(place.home.stat().st_mode) == 0o700
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        await ask(server, "create table kept (value text)")
        await server.stop()
        await server.start()
        assert await ask(server, "select count(*) from kept") == 0
        await server.stop()
        place.home.rename(place.home.with_suffix(".moved"))
        with pytest.raises(ServerFilesGone, match="missing"):
            await server.start()
    finally:
        await server.stop()
        shutil.rmtree(place.home, ignore_errors=True)
        shutil.rmtree(place.home.with_suffix(".moved"), ignore_errors=True)


@needs_root
async def test_programs_out_of_the_users_reach_are_copied_and_run(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    original = programs_for()
    shutil.copytree(original.folder, closed / "postgresql", symlinks=True)
    folder = service_folder(home / "postgres")
    copied = reachable(type(original)(original.version, closed / "postgresql"), folder)
    assert copied.folder.is_relative_to(folder.home)
    assert folder.run_as is not None
    subprocess.run(
        [copied.program("postgres"), "--version"], user=folder.run_as.uid, group=folder.run_as.gid, check=True
    )
    assert reachable(original, folder) == original


async def test_a_server_left_by_a_killed_process_is_stopped_and_its_data_are_there(
    made: Path, stopping: list[EmbeddedPostgres]
) -> None:
    process, pid = parent(made, "untied")
    process.kill()
    process.wait()
    assert is_alive(pid)
    server = EmbeddedPostgres(data_dir=made)
    stopping.append(server)
    await server.start()
    assert not is_alive(pid)
    assert await ask(server, "select value from kept") == "acknowledged"
    written = (made / "postgres" / "server.log").read_text()
    assert "not properly shut down" not in written


async def test_a_server_ends_by_itself_when_its_process_is_killed_and_nothing_is_lost(
    made: Path, stopping: list[EmbeddedPostgres]
) -> None:
    process, pid = parent(made, "tied")
    process.kill()
    process.wait()
    server = EmbeddedPostgres(data_dir=made)
    stopping.append(server)
    await server.start()
    assert await ended(pid, limit_seconds=30)
    assert server.pid != pid
    assert await ask(server, "select value from kept") == "acknowledged"


async def test_a_server_killed_with_everything_recovers(made: Path, stopping: list[EmbeddedPostgres]) -> None:
    process, pid = parent(made, "untied")
    process.kill()
    process.wait()
    os.kill(pid, signal.SIGKILL)
    server = EmbeddedPostgres(data_dir=made)
    stopping.append(server)
    await server.start()
    assert await ask(server, "select value from kept") == "acknowledged"


async def test_a_foreign_process_with_the_old_number_is_neither_adopted_nor_stopped(
    made: Path, stopping: list[EmbeddedPostgres]
) -> None:
    cluster = next(made.rglob("PG_VERSION")).parent
    owner = cluster.stat()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        stale = cluster / "postmaster.pid"
        stale.write_text(f"{bystander.pid}\n{cluster}\n1700000000\n5432\n{cluster.parent / 'run'}\n\n 1 1\nready\n")
        os.chown(stale, owner.st_uid, owner.st_gid)
        server = EmbeddedPostgres(data_dir=made)
        stopping.append(server)
        await server.start()
        assert server.pid != bystander.pid
        assert bystander.poll() is None
        assert await ask(server, "select value from kept") == "acknowledged"


async def test_a_cluster_half_made_is_made_anew(home: Path, stopping: list[EmbeddedPostgres]) -> None:
    place = service_folder(home / "postgres")
    place.give(place.home / "cluster.new")
    (place.home / "cluster.new" / "PG_VERSION").write_text("18")
    server = EmbeddedPostgres(data_dir=home)
    stopping.append(server)
    await server.start()
    assert await ask(server, "select 1") == 1


async def test_a_path_too_long_for_a_socket_gets_a_loopback_port(made: Path, stopping: list[EmbeddedPostgres]) -> None:
    long = made / ("long" * 30)
    long.mkdir()
    (made / "postgres").rename(long / "postgres")
    server = EmbeddedPostgres(data_dir=long)
    stopping.append(server)
    await server.start()
    assert "@127.0.0.1:" in server.url
    assert await ask(server, "select 1") == 1


async def test_without_the_password_nobody_is_let_in(made: Path, stopping: list[EmbeddedPostgres]) -> None:
    server = EmbeddedPostgres(data_dir=made)
    stopping.append(server)
    await server.start()
    sockets = server.url.partition("host=")[2].partition("&")[0].replace("%2F", "/")
    for user in ("postgres", "colloquy"):
        with pytest.raises(asyncpg.PostgresError, match="password"):
            await asyncpg.connect(f"postgresql://{user}:wrong@/colloquy?host={sockets}")
    with pytest.raises(DatabaseMisconfigured, match="password was refused"):
        await Database(url=f"postgresql://colloquy:wrong@/colloquy?host={sockets}").start()


async def test_one_data_folder_serves_one_process_at_a_time(made: Path, stopping: list[EmbeddedPostgres]) -> None:
    first, second = EmbeddedPostgres(data_dir=made), EmbeddedPostgres(data_dir=made)
    stopping.append(first)
    await first.start()
    with pytest.raises(DataFolderInUse):
        await second.start()
    assert await ask(first, "select 1") == 1


async def test_of_two_first_starts_at_once_one_is_told_that_the_folder_is_in_use(
    home: Path, stopping: list[EmbeddedPostgres]
) -> None:
    both = [EmbeddedPostgres(data_dir=home / "data") for _ in range(2)]
    stopping.extend(both)
    ends = await asyncio.gather(*(one.start() for one in both), return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["DataFolderInUse", "NoneType"]


async def test_a_data_folder_that_cannot_be_made_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataFolderUnusable, match="COLLOQUY_DATA_DIR"):
        await EmbeddedPostgres(data_dir=tmp_path / "file" / "data").start()


async def test_the_server_writes_no_value_into_its_log(made: Path, stopping: list[EmbeddedPostgres]) -> None:
    server = EmbeddedPostgres(data_dir=made)
    stopping.append(server)
    await server.start()
    connection = await asyncpg.connect(server.url)
    await connection.execute("create table t (value text unique)")
    await connection.execute("insert into t values ($1)", "a-canary-value")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("insert into t values ($1)", "a-canary-value")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("insert into t values ('a-canary-value')")
    await connection.close()
    written = (made / "postgres" / "server.log").read_text()
    assert "duplicate key" in written
    assert "a-canary-value" not in written


async def test_a_server_that_died_is_a_problem(made: Path, stopping: list[EmbeddedPostgres]) -> None:
    server = EmbeddedPostgres(data_dir=made)
    stopping.append(server)
    await server.start()
    assert await server.problem() is None
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    while await server.problem() is None:
        await asyncio.sleep(0.01)
