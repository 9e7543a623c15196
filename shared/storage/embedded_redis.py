"""Redis for one machine: `redis-server` if it is on PATH, else a simulation of it in a process of its own.

redis-server keeps an append-only file under the data folder (DARedis data are the authors'); the simulation forgets
everything when it ends, which is said at the start. Both listen on a Unix socket in a folder nobody else can enter;
where its path is too long, on a loopback port. Both ask for a password: interviews may run as the same user.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import orjson
import structlog

from shared.kernel.errors import ColloquyError
from shared.kernel.ids import new_token
from shared.storage.child import claimed, end_of, is_alive, launch, stop_process, working_folder
from shared.storage.errors import RedisUnavailable
from shared.storage.redis import Redis

log = structlog.get_logger()

_LONGEST_SOCKET = 100
_START_SECONDS = 30.0
_POLL_SECONDS = 0.02
_ATTEMPTS = 3
_HOUSE = Path(__file__).resolve().parents[2]
"""Where `shared` is found by a new process."""


class EmbeddedRedisFailed(ColloquyError):
    """The embedded Redis did not start."""


class EmbeddedRedis:
    """A Component; `url` leads to it once started. `program` names a redis-server; empty: the simulation."""

    def __init__(
        self,
        *,
        data_dir: Path,
        program: str | None = None,
        ends_with_us: bool = True,
        name: str = "redis",
        has_port: bool = False,
    ) -> None:
        """`has_port`: it listens on a loopback port, for those who may not enter the folder."""
        self._folder, self._has_port = data_dir / name, has_port
        self._program = shutil.which("redis-server") or "" if program is None else program
        self._ends_with_us = ends_with_us
        self._held = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """Where it is. Raises EmbeddedRedisFailed when not started."""
        if not self._url:
            raise EmbeddedRedisFailed("It was not started yet.")
        return self._url

    @property
    def pid(self) -> int | None:
        """The server's process, while it runs."""
        return self._process.pid if self._process else None

    @property
    def is_durable(self) -> bool:
        """Whether what authors store survives a restart."""
        return bool(self._program)

    async def start(self) -> None:
        """Start the server; one that a killed process left behind is stopped first.

        Raises DataFolderInUse, DataFolderUnusable, EmbeddedRedisFailed.
        """
        if self._process is not None:
            return
        self._held.enter_context(claimed(self._folder))
        self._folder = self._folder.resolve()
        try:
            await self._stop_left_behind()
            await self._launch()
        except BaseException:
            await self.stop()
            raise
        if not self.is_durable:
            log.warning(
                "embedded_redis.simulated",
                meaning="redis-server is not installed: what interviews keep in DARedis is lost at every stop",
            )

    async def stop(self) -> None:
        """Stop the server; redis-server writes what it has first."""
        process, self._process, self._url = self._process, None, ""
        if process is not None:
            await stop_process(process.pid, signal.SIGTERM, process=process)
        self._held.close()

    async def problem(self) -> str | None:
        """Readiness: None while the server's process runs."""
        if self._process is None or self._process.poll() is not None:
            return "The embedded Redis has ended; see server.log in the data folder, and start again."
        return None

    async def _launch(self) -> None:
        output = self._folder / "server.log"
        path = self._folder / "redis.sock"
        has_socket = not self._has_port and len(os.fsencode(path)) <= _LONGEST_SOCKET
        for _ in range(_ATTEMPTS):
            path.unlink(missing_ok=True)
            password = new_token(24)
            port = 0 if has_socket else _free_port()
            command: list[str | Path]
            if self._program:
                command, given = [self._program, "-"], _configuration(self._folder, path, port, password)
            else:
                command, given = _simulation(path, port), f"{password}\n".encode()
            self._process = process = launch(
                command,
                folder=self._folder,
                output=output,
                environment={} if self._program else {"PYTHONPATH": str(_HOUSE)},
                death_signal=signal.SIGTERM if self._ends_with_us else None,
                given=given,
            )
            (self._folder / "server.json").write_bytes(orjson.dumps({"pid": process.pid}))
            user = f":{quote(password, safe='')}@"
            url = f"unix://{user}{quote(str(path))}?db=0" if has_socket else f"redis://{user}127.0.0.1:{port}/0"
            if await _answers(url, process):
                self._url = url
                return
            await stop_process(process.pid, signal.SIGKILL, process=process)
        raise EmbeddedRedisFailed(f"The end of {output}:\n{end_of(output)}")

    async def _stop_left_behind(self) -> None:
        try:
            pid = int(orjson.loads((self._folder / "server.json").read_bytes())["pid"])
        except (OSError, ValueError, KeyError, TypeError):
            return
        if is_alive(pid) and working_folder(pid) == self._folder:
            log.info("embedded_redis.stopping_left_behind", pid=pid)
            await stop_process(pid, signal.SIGTERM)


def _configuration(folder: Path, path: Path, port: int, password: str) -> bytes:
    """redis.conf, given on standard input so that the password is in no command line and no file."""
    where = ["bind 127.0.0.1"] if port else [f"unixsocket {_quoted(path)}", "unixsocketperm 700"]
    lines = [
        f"port {port}",
        *where,
        f"requirepass {password}",
        f"dir {_quoted(folder)}",
        "daemonize no",
        "supervised no",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "maxmemory-policy noeviction",
        "databases 16",
        "loglevel notice",
    ]
    return "\n".join(lines).encode() + b"\n"


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _simulation(path: Path, port: int) -> list[str | Path]:
    where = str(port) if port else str(path)
    return [sys.executable, "-m", "shared.storage.simulated_redis", where]


async def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    client = Redis(url=url, wait_seconds=0.0)
    deadline = asyncio.get_running_loop().time() + _START_SECONDS
    try:
        while process.poll() is None and asyncio.get_running_loop().time() < deadline:
            with contextlib.suppress(RedisUnavailable):
                await client.start()
                return True
            await asyncio.sleep(_POLL_SECONDS)
        return False
    finally:
        await client.stop()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
