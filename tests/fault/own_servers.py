"""PostgreSQL, Redis and RabbitMQ of a test's own, which it may kill and start again at the same address."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from shared.storage.embedded_postgres import EmbeddedPostgres
from tests.fault.frozen_line import FrozenLine, frozen_line
from tests.provision import end_with_children, node_environment, speaks_amqp
from tests.servers import answers
from tests.sites import free_port

START_SECONDS = 300
_ATTEMPTS = 5


class OwnPostgres:
    """A PostgreSQL that dies as `kill -9` ends it, and recovers from its log."""

    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedPostgres(data_dir=folder, ends_with_us=False)
        self.url = ""

    async def start(self) -> None:
        await self._server.start()
        assert self.url in ("", self._server.url), "the address has changed"
        self.url = self._server.url

    async def strike(self) -> None:
        """Kill it and start it again."""
        assert self._server.pid is not None
        os.kill(self._server.pid, signal.SIGKILL)
        await self.stop()
        await self.start()

    async def stop(self) -> None:
        await self._server.stop()


class OwnRedis:
    """A Redis likewise. What it kept is lost."""

    def __init__(self, program: str) -> None:
        self._port = free_port()
        self._command = [program, "--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--dir", "/tmp"]
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    async def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        async with asyncio.timeout(START_SECONDS):
            while not answers("127.0.0.1", self._port):
                await asyncio.sleep(0.02)

    async def strike(self) -> None:
        """Kill it and start it again."""
        await self.stop()
        await self.start()

    async def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait, 10)


class OwnRabbit:
    """A node of RabbitMQ beside the machine's."""

    def __init__(self, folder: Path, program: str, *, user: str = "guest", password: str = "guest") -> None:
        """Another `user` takes the place of guest."""
        self.folder, self._program = folder, program
        self._user, self._password = user, password
        self._port, self._distribution = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"amqp://{user}:{password}@127.0.0.1:{self._port}/"

    async def start(self) -> None:
        for _ in range(_ATTEMPTS):  # the name of a killed node is taken for a moment
            if await self._comes_up():
                return
        raise AssertionError((self.folder / "output").read_text(errors="replace")[-2000:])

    async def _comes_up(self) -> bool:
        environment = node_environment(self.folder, self._port, self._distribution)
        if self._user != "guest":
            self._name_user()
        with (self.folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [self._program],
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        async with asyncio.timeout(START_SECONDS):
            while not await asyncio.to_thread(speaks_amqp, "127.0.0.1", self._port):
                if self._process.poll() is not None:
                    return False
                await asyncio.sleep(0.2)
        return True

    def _name_user(self) -> None:
        """In a file that nobody but the server can read."""
        configuration = self.folder / "rabbitmq.conf"
        configuration.chmod(0o600)
        with configuration.open("a") as file:
            file.write(f"default_user = {self._user}\ndefault_pass = {self._password}\n")
        if os.geteuid() == 0:
            with contextlib.suppress(LookupError):  # no such user: the server runs as root
                shutil.chown(configuration, "rabbitmq")

    async def strike(self) -> None:
        """Kill it and start it again: what was confirmed is on its disk."""
        await self.stop()
        await self.start()

    async def go_away(self) -> None:
        """Kill it."""
        await self.stop()

    async def come_back(self) -> None:
        """Start it again."""
        await self.start()

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        await asyncio.to_thread(end_with_children, process)


class CutLine:
    """A server behind a line that breaks: what a restarted one looks like, quickly."""

    def __init__(self, line: FrozenLine) -> None:
        self._line = line
        self.url = line.url

    async def strike(self) -> None:
        """Break every connection."""
        self._line.cut()

    async def go_away(self) -> None:
        """Stand still: nothing comes through, and nothing says so."""
        self._line.freeze()

    async def come_back(self) -> None:
        """Break what stood still, and let everything through from now on."""
        self._line.cut()
        self._line.thaw()


@contextlib.asynccontextmanager
async def own_postgres(folder: Path) -> AsyncIterator[OwnPostgres]:
    """One, for the time of the block."""
    postgres = OwnPostgres(folder)
    try:
        await postgres.start()
        yield postgres
    finally:
        await postgres.stop()


@contextlib.asynccontextmanager
async def own_redis(redis_url: str) -> AsyncIterator[OwnRedis | CutLine]:
    """One where it is installed, else a line to the given one."""
    program = shutil.which("redis-server")
    if program is None:
        async with frozen_line(redis_url) as line:
            yield CutLine(line)
        return
    redis = OwnRedis(program)
    try:
        await redis.start()
        yield redis
    finally:
        await redis.stop()


def rabbit_program() -> str | None:
    """Where RabbitMQ is installed, if it is."""
    return shutil.which("rabbitmq-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/rabbitmq/bin")


@contextlib.asynccontextmanager
async def own_broker(amqp_url: str, *, is_killed: bool) -> AsyncIterator[OwnRabbit | CutLine]:
    """A node of its own where it is to be killed and RabbitMQ is installed; else a line to the given one."""
    program = rabbit_program() if is_killed else None
    if program is None:
        async with frozen_line(amqp_url) as line:
            yield CutLine(line)
        return
    folder = Path(tempfile.mkdtemp(prefix="colloquy-rabbitmq-"))
    folder.chmod(0o777)  # the server may run under a user of its own
    node = OwnRabbit(folder, program)
    try:
        await node.start()
        yield node
    finally:
        await node.stop()
        shutil.rmtree(folder, ignore_errors=True)
