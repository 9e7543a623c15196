"""shared/storage/embedded_redis.py: a Redis under the data folder that ends with us."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shared.storage.child import DataFolderInUse, ended, is_alive
from shared.storage.embedded_redis import EmbeddedRedis
from shared.storage.errors import RedisUnavailable
from shared.storage.redis import Redis, RedisRefused

PARENT = """
import asyncio, sys
from pathlib import Path
from shared.storage.embedded_redis import EmbeddedRedis
async def main():
    server = EmbeddedRedis(data_dir=Path(sys.argv[1]), program=None if sys.argv[2] == "real" else "",
                           ends_with_us=sys.argv[3] == "tied")
    await server.start()
    print(server.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""

real_and_simulated = pytest.mark.parametrize("program", [None, ""], ids=["redis-server", "simulation"])


@pytest.fixture
async def stopping() -> AsyncIterator[list[EmbeddedRedis]]:
    servers: list[EmbeddedRedis] = []
    yield servers
    for server in servers:
        await server.stop()


def parent(folder: Path, kind: str, how: str) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(folder), kind, how], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(next(line for line in process.stdout if line.strip().isdigit()))


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="the simulation keeps nothing")
async def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    for expected in (None, b"kept"):
        server = EmbeddedRedis(data_dir=tmp_path)
        await server.start()
        redis = Redis(url=server.url)
        await redis.start()
        assert await redis.get("k") == expected
        await redis.set("k", "kept")
        await redis.stop()
        await server.stop()


@real_and_simulated
@pytest.mark.parametrize("user", ["", ":wrong@", "default:wrong@"])
async def test_without_the_password_nobody_is_let_in(
    tmp_path: Path, program: str | None, user: str, stopping: list[EmbeddedRedis]
) -> None:
    server = EmbeddedRedis(data_dir=tmp_path, program=program)
    stopping.append(server)
    await server.start()
    before, _, after = server.url.partition("://")
    stranger = Redis(url=f"{before}://{user}{after.rpartition('@')[2]}")
    stranger._pool = stranger._make_pool()
    with pytest.raises((RedisUnavailable, RedisRefused)):
        await stranger.get("k")
    await stranger.stop()


@real_and_simulated
@pytest.mark.parametrize(
    "said",
    [b"PING\r\n", b"*1\r\n$4\r\nPING\r\n", b"*2\r\n$4\r\nAUTH\r\n$0\r\n\r\n", b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"],
)
async def test_who_says_something_else_first_is_refused(
    tmp_path: Path, program: str | None, said: bytes, stopping: list[EmbeddedRedis]
) -> None:
    server = EmbeddedRedis(data_dir=tmp_path, program=program)
    stopping.append(server)
    await server.start()
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "redis" / "redis.sock"))
    writer.write(said)
    assert (await reader.readline()).startswith((b"-NOAUTH", b"-WRONGPASS", b"-ERR"))
    writer.close()
    await writer.wait_closed()


@real_and_simulated
async def test_a_path_too_long_for_a_socket_gets_a_loopback_port(
    tmp_path: Path, program: str | None, stopping: list[EmbeddedRedis]
) -> None:
    server = EmbeddedRedis(data_dir=tmp_path / ("long" * 30), program=program)
    stopping.append(server)
    await server.start()
    assert server.url.startswith("redis://")
    redis = Redis(url=server.url)
    await redis.start()
    assert await redis.set("k", "v")
    await redis.stop()


@real_and_simulated
async def test_the_server_ends_when_its_parent_is_killed(tmp_path: Path, program: str | None) -> None:
    process, pid = parent(tmp_path, "simulated" if program == "" else "real", "tied")
    assert is_alive(pid)
    process.kill()
    process.wait()
    assert await ended(pid, limit_seconds=20)


@real_and_simulated
async def test_a_server_left_behind_is_stopped_by_the_next_start(
    tmp_path: Path, program: str | None, stopping: list[EmbeddedRedis]
) -> None:
    process, pid = parent(tmp_path, "simulated" if program == "" else "real", "untied")
    process.kill()
    process.wait()
    assert is_alive(pid)
    server = EmbeddedRedis(data_dir=tmp_path, program=program)
    stopping.append(server)
    await server.start()
    assert await ended(pid, limit_seconds=20)
    assert server.pid != pid


async def test_a_foreign_process_with_the_remembered_number_is_left_alone(
    tmp_path: Path, stopping: list[EmbeddedRedis]
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        (tmp_path / "redis").mkdir()
        (tmp_path / "redis" / "server.json").write_text(f'{{"pid": {bystander.pid}}}')
        server = EmbeddedRedis(data_dir=tmp_path)
        stopping.append(server)
        await server.start()
        assert bystander.poll() is None


async def test_one_data_folder_serves_one_process_at_a_time(tmp_path: Path, stopping: list[EmbeddedRedis]) -> None:
    first, second = EmbeddedRedis(data_dir=tmp_path), EmbeddedRedis(data_dir=tmp_path)
    stopping.append(first)
    await first.start()
    with pytest.raises(DataFolderInUse, match="COLLOQUY_DATA_DIR"):
        await second.start()
    assert await first.problem() is None


async def test_the_simulation_warns_that_it_forgets(tmp_path: Path, stopping: list[EmbeddedRedis]) -> None:
    server = EmbeddedRedis(data_dir=tmp_path, program="")
    stopping.append(server)
    with capture_logs() as lines:
        await server.start()
    assert [line["event"] for line in lines if line["log_level"] == "warning"] == ["embedded_redis.simulated"]


async def test_a_server_that_died_is_a_problem(tmp_path: Path, stopping: list[EmbeddedRedis]) -> None:
    server = EmbeddedRedis(data_dir=tmp_path)
    stopping.append(server)
    await server.start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    while await server.problem() is None:
        await asyncio.sleep(0.01)
