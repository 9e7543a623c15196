"""Whole systems for tests and benchmarks: started as a user starts them, in one process or in five.

A `Site` has an address and processes that can be killed and started again; its data outlive them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared.kernel.ids import new_code
from tests import servers

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
SERVICES = ("session", "worker", "scheduler", "mail", "gateway")
READY_SECONDS = 240.0


class SiteNotReady(AssertionError):
    """A system did not become ready; the message has the end of its output."""


@dataclass
class Site:
    """One running system."""

    folder: Path
    port: int
    commands: Mapping[str, Sequence[str]]
    environment: Mapping[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where its pages are, with a slash at the end."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self, *names: str) -> None:
        """Start its processes (all, when none is named)."""
        for name in names or tuple(self.commands):
            with (self.folder / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    self.commands[name],
                    cwd=self.folder,
                    env={**os.environ, **self.environment},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait for /health/ready. Raises SiteNotReady when a process ended or the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for name, process in self.processes.items():
                if process.poll() is not None:
                    raise SiteNotReady(f"{name} ended with {process.returncode}\n{self.output(name)}")
            if self._answers_ready():
                return
            time.sleep(0.05)
        raise SiteNotReady("\n".join(f"== {name}\n{self.output(name)}" for name in self.commands))

    def _answers_ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "health/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def output(self, name: str, size: int = 4000) -> str:
        """The end of what a process has written."""
        log = self.folder / f"{name}.log"
        return log.read_text(errors="replace")[-size:] if log.exists() else ""

    def kill(self, name: str) -> None:
        """SIGKILL, and wait until it is gone."""
        process = self.processes.pop(name)
        process.kill()
        process.wait(10)

    def stop(self) -> None:
        """End all processes in good order; those that do not end in time are killed."""
        for process in reversed(list(self.processes.values())):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        self.processes.clear()


@contextlib.contextmanager
def embedded_site(
    folder: Path, *, interviews: Sequence[Path] = (), environment: Mapping[str, str] | None = None
) -> Iterator[Site]:
    """Everything in one process, with embedded PostgreSQL and Redis: what `make run` starts."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    # A URL in the environment of the run would be used: two systems would then work through each other's queues.
    no_servers = dict.fromkeys(("COLLOQUY_DATABASE_URL", "COLLOQUY_REDIS_URL", "COLLOQUY_AMQP_URL"), "")
    site = Site(
        folder=folder,
        port=port,
        commands={"colloquy": [sys.executable, "-m", "services.cli", "up"]},
        environment={**no_servers, **_common(folder, port, interviews), **(environment or {})},
    )
    with _running(site):
        yield site


@contextlib.contextmanager
def distributed_site(
    folder: Path,
    *,
    interviews: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
    commands: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[Site]:
    """The five services (or what `commands` names) as processes of their own, on real PostgreSQL, Redis, RabbitMQ."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        servers.own_database(servers.postgres_server()) as database_url,
        servers.own_redis(folder / "redis-server") as redis_url,
        servers.own_vhost() as amqp_url,
        site_on(
            folder,
            interviews=(*interviews, EXAMPLES),
            commands=commands or {name: service_command(name) for name in SERVICES},
            database_url=database_url,
            redis_url=redis_url,
            amqp_url=amqp_url,
            environment=environment,
        ) as site,
    ):
        yield site


@contextlib.contextmanager
def site_on(
    folder: Path,
    *,
    commands: Mapping[str, Sequence[str]],
    database_url: str,
    redis_url: str,
    amqp_url: str,
    interviews: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Site]:
    """What `commands` names as processes of their own, on these servers; the database is migrated first."""
    port = free_port()
    site = Site(
        folder=folder,
        port=port,
        commands=commands,
        environment={
            **_common(folder, port, interviews),
            "COLLOQUY_DATABASE_URL": database_url,
            "COLLOQUY_REDIS_URL": redis_url,
            "COLLOQUY_AMQP_URL": amqp_url,
            "COLLOQUY_AMQP_PREFIX": f"{new_code(8).lower()}.",
            "COLLOQUY_DATABASE_POOL_SIZE": "6",
            **(environment or {}),
        },
    )
    for words in (["keys", "create"], ["migrate"]):
        subprocess.run(
            [sys.executable, "-m", "services.cli", *words],
            cwd=folder,
            env={**os.environ, **site.environment},
            check=True,
            capture_output=True,
        )
    with _running(site):
        yield site


@contextlib.contextmanager
def _running(site: Site) -> Iterator[None]:
    site.start()
    try:
        site.wait_until_ready()
        yield
    finally:
        site.stop()


def _common(folder: Path, port: int, interviews: Sequence[Path]) -> dict[str, str]:
    return {
        "PYTHONPATH": str(ROOT),
        "COLLOQUY_DATA_DIR": str(folder / "data"),
        "COLLOQUY_SERVER_KEY_FILE": str(folder / "server.keys"),
        "COLLOQUY_PORT": str(port),
        "COLLOQUY_SMTP_PORT": "0",
        "COLLOQUY_LOG_FORMAT": "json",
        "COLLOQUY_INTERVIEW_PATH": os.pathsep.join(str(path) for path in interviews),
    }


def service_command(name: str) -> list[str]:
    """How a service is started on its own."""
    return [sys.executable, "-m", f"services.{name}"]


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
