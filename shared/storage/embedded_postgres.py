"""PostgreSQL for one machine: a server of our own under the data folder, started and stopped with us.

Its role is no superuser and needs a password, which lies beside the cluster (0600). The server is durable (fsync on),
small, and reached over a Unix socket; where the path is too long for one, over a loopback port; over both where
interview code, which may not enter the folder, has a role of its own. One process owns a data folder at a time. A
server that a killed process left behind is stopped, after checking that it really is ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import structlog

from shared.kernel.errors import ColloquyError
from shared.kernel.ids import new_token
from shared.storage.child import (
    claimed,
    end_of,
    is_alive,
    is_anyone_in,
    launch,
    stop_process,
    working_folder,
)
from shared.storage.postgres_files import (
    DATABASE,
    ROLE,
    Programs,
    cluster_version,
    create_cluster,
    programs_for,
    reachable,
    server_arguments,
)
from shared.storage.service_folder import ServiceFolder, service_folder

log = structlog.get_logger()

_SOCKET_PORT = 5432
_LAST_PORT = 65535
_LONGEST_SOCKET = 100
"""Bytes of a socket's path that every system allows (Linux 107, macOS 103)."""
_POLL_SECONDS = 0.01
_START_SECONDS = 60.0
_ATTEMPTS = 5


class EmbeddedPostgresFailed(ColloquyError):
    """The embedded PostgreSQL did not start."""


@dataclass(frozen=True, slots=True)
class _Running:
    """What postmaster.pid says of a server."""

    pid: int
    port: int
    sockets: Path | None
    is_ready: bool


class EmbeddedPostgres:
    """A Component; `url` leads to its database once started.

    `ends_with_us` False leaves the server running when this process is killed, until the next start. `has_port`: it
    listens on a loopback port, too, for those who may not enter the folder.
    """

    def __init__(self, *, data_dir: Path, ends_with_us: bool = True, has_port: bool = False) -> None:
        self._ours, self._has_port = data_dir / "postgres", has_port
        self._ends_with_us = ends_with_us
        self._held = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._running: _Running | None = None
        self._password = ""

    @property
    def url(self) -> str:
        """Where it is, with the password. Raises EmbeddedPostgresFailed when not started."""
        if self._running is None:
            raise EmbeddedPostgresFailed("It was not started yet.")
        return _url(self._running, self._password)

    def url_for(self, role: str, password: str) -> str:
        """Where another role reaches the database, over the loopback port. Raises EmbeddedPostgresFailed."""
        if self._running is None or not self._has_port:
            raise EmbeddedPostgresFailed("It was not started with a port.")
        return f"postgresql://{role}:{quote(password, safe='')}@127.0.0.1:{self._running.port}/{DATABASE}"

    @property
    def pid(self) -> int | None:
        """The server's process, while it runs."""
        return self._running.pid if self._running else None

    async def start(self) -> None:
        """Start the server, making its cluster the first time and stopping one that was left behind.

        Raises DataFolderInUse, DataFolderUnusable, EmbeddedPostgresFailed, PostgresMissing, ServerFilesGone.
        """
        if self._running is not None:
            return
        self._held.enter_context(claimed(self._ours))
        try:
            folder = service_folder(self._ours)  # only now: another process may be about to make it
            self._password = _password(folder.ours / "password")
            self._running = await self._start_on(folder)
        except BaseException:
            await self._end_process()
            self._held.close()
            raise

    async def stop(self) -> None:
        """Fast shutdown: sessions are ended, everything is written."""
        running, self._running = self._running, None
        if running is not None:
            await stop_process(running.pid, signal.SIGINT, process=self._process, then=signal.SIGQUIT)
        self._process = None
        self._held.close()

    async def problem(self) -> str | None:
        """Readiness: None while the server's process runs."""
        if self._running is None or not is_alive(self._running.pid):
            return "The embedded PostgreSQL has ended; see server.log in the data folder, and start again."
        return None

    async def _start_on(self, folder: ServiceFolder) -> _Running:
        cluster = folder.home.resolve() / "cluster"
        version = cluster_version(cluster)
        programs = reachable(programs_for(version), folder)
        if version is None:
            await create_cluster(cluster, programs=programs, folder=folder, password=self._password)
        else:
            await _stop_left_behind(cluster)
        return await self._started(cluster, programs, folder)

    async def _started(self, cluster: Path, programs: Programs, folder: ServiceFolder) -> _Running:
        sockets = folder.give(folder.home / "run")
        temporary = folder.give(folder.home / "tmp")
        has_socket = len(os.fsencode(sockets / f".s.PGSQL.{_LAST_PORT}")) <= _LONGEST_SOCKET
        output = folder.ours / "server.log"
        for attempt in range(_ATTEMPTS):
            port = _SOCKET_PORT if has_socket and not self._has_port else _free_port()
            self._process = process = launch(
                server_arguments(
                    cluster,
                    programs=programs,
                    sockets=sockets if has_socket else None,
                    port=port,
                    listens=self._has_port or not has_socket,
                ),
                folder=folder.home,
                output=output,
                environment={"TMPDIR": str(temporary)},
                run_as=folder.run_as,
                death_signal=signal.SIGINT if self._ends_with_us else None,
            )
            running = await _ready(cluster, process)
            if running is not None:
                return running
            # A port taken by somebody else, or backends of a killed server that still hold its memory: once more.
            await asyncio.sleep(0.2 * (attempt + 1))
        raise EmbeddedPostgresFailed(f"The end of {output}:\n{end_of(output)}")

    async def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            await stop_process(process.pid, signal.SIGINT, process=process, then=signal.SIGQUIT)


def url_of_running(data_dir: Path) -> str | None:
    """Where the server is that another process runs on this data folder, with the password; None when there is none.

    For commands that look into a running system.
    """
    ours = data_dir / "postgres"
    if not (ours / "password").is_file():
        return None
    running = _read_pid_file(service_folder(ours).home.resolve() / "cluster")
    return _url(running, _password(ours / "password")) if running is not None and running.is_ready else None


def _url(running: _Running, password: str) -> str:
    user = f"{ROLE}:{quote(password, safe='')}"
    if running.sockets is None:
        return f"postgresql://{user}@127.0.0.1:{running.port}/{DATABASE}"
    return f"postgresql://{user}@/{DATABASE}?host={quote(str(running.sockets))}&port={running.port}"


def _password(path: Path) -> str:
    """The role's password, made on the first start."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="ascii").strip()
    password = new_token(24)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(password)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return password


async def _stop_left_behind(cluster: Path) -> None:
    """End a server that still runs on this cluster, and wait until nothing of it is left.

    It is not taken over: it may be ending already (its parent's death is a signal to it), and it would not end with
    us. A new one is there in less time than it takes to be sure.
    """
    running = _read_pid_file(cluster)
    if running is None:
        return
    is_ours = is_alive(running.pid) and working_folder(running.pid) == cluster
    if is_ours:
        log.info("embedded_postgres.stopping_left_behind", pid=running.pid)
        await stop_process(running.pid, signal.SIGINT, then=signal.SIGQUIT)
    deadline = asyncio.get_running_loop().time() + _START_SECONDS
    while is_anyone_in(cluster):  # the processes of a killed server take a moment to notice
        if asyncio.get_running_loop().time() > deadline:
            raise EmbeddedPostgresFailed(f"Processes of an older server still work in {cluster}; end them by hand.")
        await asyncio.sleep(_POLL_SECONDS)
    if not is_ours and is_alive(running.pid):
        # The number of a dead server was given to a program that has nothing to do with us.
        (cluster / "postmaster.pid").unlink(missing_ok=True)


async def _ready(cluster: Path, process: subprocess.Popen[bytes]) -> _Running | None:
    """Wait until our server accepts connections; None when it ended instead."""
    deadline = asyncio.get_running_loop().time() + _START_SECONDS
    while process.poll() is None and asyncio.get_running_loop().time() < deadline:
        running = _read_pid_file(cluster)
        if running is not None and running.pid == process.pid and running.is_ready:
            return running
        await asyncio.sleep(_POLL_SECONDS)
    return None


def _read_pid_file(cluster: Path) -> _Running | None:
    """postmaster.pid: pid, folder, start time, port, socket folder, address, shared memory, status."""
    try:
        lines = [line.strip() for line in (cluster / "postmaster.pid").read_text().splitlines()]
        sockets = Path(lines[4]) if len(lines) > 4 and lines[4] else None
        port = int(lines[3]) if len(lines) > 3 else 0
        return _Running(int(lines[0]), port, sockets, len(lines) > 7 and lines[7] == "ready")
    except (OSError, ValueError, IndexError):
        return None


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
